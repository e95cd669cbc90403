/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * onefile.c - runs a fuzzer's entry without a fuzzer
 *
 * As replay_NAME without arguments: every file in corpus/NAME and
 * crashes/NAME of this folder, whole and cut in half, then some octets that
 * a fixed seed makes.  With arguments: those files.  Each input lies in a
 * block of its own size, so that a sanitizer sees every over-read.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Inputs made by the seed, and their size at most. */
#define RANDOM_INPUTS 300
#define RANDOM_SIZE 600

static int inputs;

static void run(const uint8_t *octets, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (copy == NULL)
		exit(1);
	if (len > 0)
		memcpy(copy, octets, len);
	(void)LLVMFuzzerTestOneInput(copy, len);
	free(copy);
	inputs++;
}

static uint8_t *read_file(const char *name, size_t *len_r)
{
	FILE *f = fopen(name, "rb");
	uint8_t *octets;
	long size;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) {
		fprintf(stderr, "%s: cannot read\n", name);
		exit(1);
	}
	rewind(f);
	octets = malloc((size_t)size + 1);
	if (octets == NULL ||
	    fread(octets, 1, (size_t)size, f) != (size_t)size) {
		fprintf(stderr, "%s: cannot read\n", name);
		exit(1);
	}
	fclose(f);
	*len_r = (size_t)size;
	return octets;
}

static void run_file(const char *name)
{
	size_t len;
	uint8_t *octets = read_file(name, &len);

	/* The last line before a crash names the input. */
	fprintf(stderr, "# %s\n", name);
	run(octets, len);
	run(octets, len / 2);
	free(octets);
}

static void run_folder(const char *kind, const char *entry)
{
	char folder[256], name[600];
	struct dirent **files;
	int count;

	snprintf(folder, sizeof(folder), "tests/fuzz/%s/%s", kind, entry);
	count = scandir(folder, &files, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s/%s", folder,
		    files[i]->d_name);
		if (files[i]->d_name[0] != '.')
			run_file(name);
		free(files[i]);
	}
	if (count >= 0)
		free(files);
}

/* Octets that look at random, half of them printable. */
static void run_random(void)
{
	uint8_t octets[RANDOM_SIZE];
	uint32_t state = 2463534242u;

	for (int i = 0; i < RANDOM_INPUTS; i++) {
		size_t len = 0;

		for (size_t k = 0; k < sizeof(octets); k++) {
			state ^= state << 13;
			state ^= state >> 17;
			state ^= state << 5;
			octets[k] = (uint8_t)(state & 0x100 ?
			    0x20 + (state >> 9) % 0x5f : state >> 16);
		}
		len = state % (RANDOM_SIZE + 1);
		run(octets, len);
	}
}

int main(int argc, char **argv)
{
	const char *entry = strstr(argv[0], "replay_");

	if (argc > 1 || entry == NULL) {
		for (int i = 1; i < argc; i++)
			run_file(argv[i]);
		return 0;
	}
	entry += strlen("replay_");
	run_folder("corpus", entry);
	run_folder("crashes", entry);
	run_random();
	printf("ok 1 - %s: %d inputs\n", entry, inputs);
	return 0;
}
