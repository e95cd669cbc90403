/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scratch.c - octets put aside in an unlinked file */
#include "base/scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"

struct scratch {
	FILE *file;
	uint64_t size;
};

static FILE *open_unlinked(const char *tmpdir)
{
	char name[4096];
	FILE *f;
	int fd;

	if (snprintf(name, sizeof(name), "%s/smtpwire-XXXXXX", tmpdir) >=
	    (int)sizeof(name)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	fd = mkstemp(name);
	if (fd < 0)
		return NULL;
	unlink(name);
	f = fdopen(fd, "w+b");
	if (!f) {
		int error = errno;

		close(fd);
		errno = error;
	}
	return f;
}

enum sw_status scratch_new(const char *tmpdir, struct scratch **s_r,
    struct sw_err *err)
{
	struct scratch *s = calloc(1, sizeof(*s));

	*s_r = NULL;
	if (!s)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	if (!tmpdir)
		tmpdir = "/tmp";
	s->file = open_unlinked(tmpdir);
	if (!s->file) {
		enum sw_status status = errno == ENOMEM ?
		    base_error_set(err, SW_ENOMEM, "out of memory") :
		    base_error_set(err, SW_EWRITE, "%s: cannot make a "
			"temporary file: %s", tmpdir, strerror(errno));

		scratch_free(&s);
		return status;
	}
	*s_r = s;
	return SW_OK;
}

enum sw_status scratch_append(struct scratch *s, struct slice octets,
    uint64_t *offset_r, struct sw_err *err)
{
	if (fwrite(octets.p, 1, octets.len, s->file) != octets.len)
		return base_error_set(err, SW_EWRITE, "temporary file: %s",
		    strerror(errno));
	*offset_r = s->size;
	s->size += octets.len;
	return SW_OK;
}

enum sw_status scratch_finish(struct scratch *s, struct sw_err *err)
{
	if (fflush(s->file) != 0)
		return base_error_set(err, SW_EWRITE, "temporary file: %s",
		    strerror(errno));
	return SW_OK;
}

/* pread: the file's own position is that of writing. */
enum sw_status scratch_read(const struct scratch *s, uint64_t offset,
    size_t len, struct buffer *out, struct sw_err *err)
{
	buffer_clear(out);
	if (!buffer_reserve(out, len))
		return base_error_set(err, SW_ENOMEM, "out of memory");
	while (out->len < len) {
		ssize_t n = pread(fileno(s->file), out->p + out->len,
		    len - out->len, (off_t)(offset + out->len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return base_error_set(err, SW_EWRITE, "temporary "
			    "file: cannot be read back: %s", n < 0 ?
			    strerror(errno) : "it is cut");
		out->len += (size_t)n;
	}
	return SW_OK;
}

void scratch_free(struct scratch **sp)
{
	struct scratch *s = *sp;

	if (!s)
		return;
	*sp = NULL;
	if (s->file)
		fclose(s->file);
	free(s);
}
