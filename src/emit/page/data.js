/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * data.js - what the page holds, unpacked when it is wanted
 *
 * Blocks are base64 of zlib's form in <script type="text/plain">.  The rows
 * are arrays, one a column; a transcript is a line of its chunk.
 */

/* Numbers of page_rows.h. */
const AGREES = 0, DIFFERS = 1, UNDECIDABLE = 2, LEFT_ONLY = 3,
	RIGHT_ONLY = 4, FINE = 5, FAILED = 6;

const NUMBERS = ['verdict', 'duration', 'clientPort', 'serverPort',
	'recipients', 'messages', 'leftFirst', 'leftLast', 'rightFirst',
	'rightLast', 'leftUnit', 'rightUnit', 'chunk', 'entry'];
/* Numbers of enum sw_unit. */
const UNITS = ['frame', 'line', 'row'];
const TIMES = ['leftTime', 'rightTime'];
/* Chunks that stay unpacked. */
const KEPT_CHUNKS = 8;

const page = {about: null, blocks: 0, rows: null, chunks: new Map()};

async function unpackText(text) {
	if (typeof DecompressionStream === 'undefined')
		throw new Error('This browser is too old: it cannot unpack ' +
			'what the page holds.');
	const stream = new Blob([octetsOfBase64(text)]).stream()
		.pipeThrough(new DecompressionStream('deflate'));

	return new Response(stream).text();
}

async function unpack(id) {
	const e = byId(id);

	return e ? unpackText(e.textContent) : null;
}

/* The end of the file may not have been read yet. */
function whenLoaded() {
	if (document.readyState !== 'loading')
		return Promise.resolve();
	return new Promise((resolve) => {
		document.addEventListener('DOMContentLoaded', resolve,
			{once: true});
	});
}

/* --- rows --------------------------------------------------------------- */

function emptyRows(count, names) {
	const rows = {count: count};

	for (const name of names)
		rows[name] = TIMES.includes(name) || NUMBERS.includes(name) ?
			new Float64Array(count) : new Array(count);
	return rows;
}

/* Times were told as differences; none is NaN. */
function addUp(times) {
	let sum = 0;

	return times.map((t) => t === null ? NaN : sum += t);
}

function addBlock(rows, block, at) {
	for (const name of Object.keys(block)) {
		if (name === 'count')
			continue;
		const values = TIMES.includes(name) ? addUp(block[name]) :
			block[name];
		const column = rows[name];

		for (let i = 0; i < block.count; i++)
			column[at + i] = values[i];
	}
}

async function loadRows(count) {
	const texts = await Promise.all(Array.from({length: count},
		(_, i) => unpack('rows-' + i)));
	const blocks = texts.map((t) => JSON.parse(t));
	const total = blocks.reduce((n, b) => n + b.count, 0);
	const rows = emptyRows(total, blocks.length > 0 ?
		Object.keys(blocks[0]) : NUMBERS.concat(TIMES));
	let at = 0;

	rows.count = total;
	for (const b of blocks) {
		addBlock(rows, b, at);
		at += b.count;
	}
	return rows;
}

async function load() {
	const all = JSON.parse(await unpack('about-0'));

	page.all = all;
	page.about = all.about;
	page.check = all.about.mode === 'check';
	page.rows = await loadRows(all.blocks);
	page.hay = null;
}

/* --- searching ---------------------------------------------------------- */

/* What is searched of each row, in lower case. */
function haystack() {
	const r = page.rows;

	if (page.hay)
		return page.hay;
	page.hay = new Array(r.count);
	for (let i = 0; i < r.count; i++)
		page.hay[i] = (r.search[i] + '\n' + (r.leftId[i] || '') +
			'\n' + (r.rightId[i] || '') + '\n' + r.clientPort[i] +
			'\n' + r.outcome[i] + '\n' + (r.leftFile[i] || '') +
			'\n' + (r.rightFile[i] || '')).toLowerCase();
	return page.hay;
}

/* --- transcripts -------------------------------------------------------- */

/* Is the row's transcript in the page? */
function isEmbedded(row) {
	const chunk = page.rows.chunk[row];

	if (chunk < 0)
		return false;
	return (chunk >> 1) < (chunk & 1 ? page.all.usualChunks :
		page.all.firstChunks);
}

async function loadChunk(chunk) {
	const id = (chunk & 1 ? 'usual-' : 'first-') + (chunk >> 1);
	let text;

	if (!byId(id))
		await whenLoaded();
	text = await unpack(id);
	return text === null ? null : text.split('\n');
}

/* {left, right, rows, pair} as the transcripts' JSON has them; null: it is
 * not in the page. */
async function transcript(row) {
	const chunk = page.rows.chunk[row];
	let lines = page.chunks.get(chunk);

	if (!isEmbedded(row))
		return null;
	if (!lines) {
		lines = await loadChunk(chunk);
		if (page.chunks.size >= KEPT_CHUNKS)
			page.chunks.delete(page.chunks.keys().next().value);
		page.chunks.set(chunk, lines);
	}
	if (!lines)
		return null;
	const found = JSON.parse(lines[page.rows.entry[row]]);

	for (const s of [found.left, found.right])
		if (s) {
			markNoTls(s);
			markAttempt(s);
		}
	return found;
}
