/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * elsewhere.js - how to open a frame in Wireshark, a line in an editor
 *
 * What is copied goes into a shell: names of files are quoted for it, and
 * addresses stand in it only if they are addresses.
 */

/* A word for a POSIX shell; control characters need bash's form. */
function shellWord(s) {
	const safe = s.startsWith('-') ? './' + s : s;

	if (/^[\w@%+=:,./-]+$/.test(safe))
		return safe;
	if (!UNSEEN.test(safe))
		return '\'' + safe.replace(/'/g, '\'\\\'\'') + '\'';
	return '$\'' + Array.from(new TextEncoder().encode(safe), (c) =>
		c < 0x20 || c > 0x7e || c === 0x27 || c === 0x5c ?
			'\\x' + hex(c, 2) : String.fromCharCode(c)).join('') +
		'\'';
}

function isAddress(ip) {
	return typeof ip === 'string' && /^[0-9a-fA-F.:]+$/.test(ip) &&
		ip.length <= 45;
}

/* Of one end of a connection, as a display filter. */
function endFilter(end) {
	const out = [];

	if (isAddress(end.ip))
		out.push((end.ip.includes(':') ? 'ipv6.addr==' : 'ip.addr==') +
			end.ip);
	if (Number.isInteger(end.port))
		out.push('tcp.port==' + end.port);
	return out;
}

function displayFilter(session) {
	return endFilter(session.client).concat(endFilter(session.server))
		.join(' && ');
}

function toast(text) {
	byId('toast').textContent = text;
	byId('toast').classList.add('on');
	clearTimeout(toast.timer);
	toast.timer = setTimeout(() => byId('toast').classList.remove('on'),
		1600);
}

/* Where there is no clipboard, a selection is copied. */
function copyOld(text) {
	const e = h('textarea', {class: 'hidden', readonly: true});
	const host = document.querySelector('dialog[open]') || document.body;

	e.value = text;
	host.append(e);
	e.select();
	const done = document.execCommand('copy');

	e.remove();
	return done;
}

async function copy(text) {
	let done = true;

	try {
		await navigator.clipboard.writeText(text);
	} catch (e) {
		done = copyOld(text);
	}
	toast(done ? 'Copied' : 'The browser does not let it be copied');
}

/* A line that can be copied. */
function copyLine(what, text) {
	return h('div', {class: 'copy'}, h('span', {class: 'copy-what'}, what),
		h('code', {}, UNSEEN.test(text) ? visible(text) : text),
		h('button', {type: 'button',
			'aria-label': 'Copy: ' + what, on: {click: () =>
				copy(text)}}, 'Copy'));
}

function frameLines(file, first, last) {
	const name = shellWord(file);
	const range = first === last ? 'frame.number==' + first :
		'frame.number>=' + first + ' && frame.number<=' + last;

	return [copyLine('Wireshark, display filter', range),
		copyLine('Wireshark at the frame', 'wireshark -r ' + name +
			' -g ' + first),
		copyLine('tshark', 'tshark -r ' + name + ' -Y \'' + range +
			'\'' + (first === last ? ' -V' : ''))];
}

/* What unpacks a compressed log, by the end of its name. */
const UNPACKERS = {gz: 'zcat', xz: 'xzcat', zst: 'zstdcat', bz2: 'bzcat',
	lz4: 'lz4cat'};

function logLines(file, first, last) {
	const name = shellWord(file);
	const unpacker = UNPACKERS[file.replace(/^.*\./, '')];

	if (unpacker)
		return [copyLine('File and line', file + ':' + first),
			copyLine('Lines', unpacker + ' ' + name +
				' | sed -n \'' + first + ',' + last + 'p\'')];
	return [copyLine('File and line', file + ':' + first),
		copyLine('Lines', 'sed -n \'' + first + ',' + last + 'p\' ' +
			name),
		copyLine('Editor', 'vi +' + first + ' ' + name)];
}

/* A stretch of a file: how to look at it. */
function stretchLines(unit, file, first, last) {
	if (file === null || !first)
		return [h('p', {class: 'quiet'}, 'Not known.')];
	if (file === '-')
		return [h('p', {class: 'quiet'}, 'Standard input, ' + unit +
			' ' + first + '; it was not kept.')];
	if (unit === 'frame')
		return frameLines(file, first, last);
	if (unit === 'line')
		return logLines(file, first, last);
	return [copyLine('Table and row', file + ', row ' + first +
		(last > first ? ' to ' + last : ''))];
}

/* All of a session. */
function sessionPlaces(session, name) {
	const source = session.source, filter = displayFilter(session);
	const parts = source ? source.parts.length > 0 ? source.parts :
		[source] : [];

	return h('section', {class: 'place'}, h('h3', {}, name),
		parts.slice(0, 8).map((p) => [h('p', {class: 'file'},
			visible(p.name), h('span', {class: 'quiet'}, ' ' +
				visible(p.format) + ', ' + source.unit + 's ' +
				p.first + '–' + p.last)),
		stretchLines(source.unit, p.name, p.first, p.last)]),
		parts.length > 8 ? h('p', {class: 'quiet'}, 'and ' +
			plural(parts.length - 8, 'more file')) : null,
		source && source.unit === 'frame' && filter ?
			copyLine('Display filter of the connection', filter) :
			null,
		copyLine('This session again', 'smtpwire read --id ' +
			session.id + ' ' + (parts.length > 0 && parts[0].name ?
			parts.map((p) => shellWord(p.name)).join(' ') :
			'FILE')));
}

/* One event. */
function eventPlace(session, e, name) {
	const at = e && e.at ? e.at : [0, 0];
	const a = placeOf(session, at[0]), b = placeOf(session, at[1]);

	if (!a)
		return null;
	return h('section', {class: 'place'}, h('h3', {}, name, ' ',
		h('span', {class: 'quiet'}, visible(a.file) + ', ' + a.unit +
			' ' + a.n)), stretchLines(a.unit, a.file, a.n,
		b && b.file === a.file ? b.n : a.n));
}
