/* SPDX-License-Identifier: GPL-2.0-or-later */
/* events.js - an event of a transcript in words, as -f text has them */

/* Who: C, S, * the connection, ! a note. */
function whoOf(e) {
	if (e.kind === 'note')
		return '!';
	if (['connect', 'close', 'tls', 'gap'].includes(e.kind))
		return '*';
	return e.by === 'client' ? 'C' : e.by === 'server' ? 'S' : '*';
}

function octetsText(n) {
	return n === null || n === undefined ?
		'an unknown number of octets' : plural(n, 'octet');
}

function commandLines(e) {
	if (e.line !== null)
		return [lineText(e.line, e.line_base64)];
	if (e.verb !== null)
		return [visible(e.verb) + (e.argument ? ' ' +
			visible(e.argument) : '')];
	return ['(a line that is not recorded)'];
}

function replyLines(e) {
	const code = e.code === null ? '' : String(e.code).padStart(3, '0');

	if (e.lines.length === 0)
		return [code || '(a reply that is not recorded)'];
	return e.lines.map((text, i) => {
		const last = i + 1 === e.lines.length;

		return code + (code && (!last || text) ? last ? ' ' : '-' :
			'') + lineText(text, e.lines_base64 &&
			e.lines_base64[i]);
	});
}

function missingText(e) {
	if (!e.gaps || e.missing === 0)
		return '';
	if (e.missing === null)
		return ', an unknown number missing';
	return ', ' + number(e.missing) + ' missing';
}

function dataLines(e) {
	return ['[' + (e.message ? 'message ' + e.message :
		'content of no message') + ': ' + (e.size === null ?
		'size not known' : plural(e.size, 'octet')) +
		(e.sha256 ? ', sha256 ' + e.sha256.slice(0, 16) : '') +
		missingText(e) + ']'];
}

/* Marks what a note says to be no TLS: neither the event nor `encryption`
 * tells. */
function markNoTls(s) {
	const events = s.notes.filter((n) => n.code === 'tls-not-followed')
		.map((n) => n.event);
	const marked = s.events.filter((e) => e.kind === 'tls' &&
		!e.version && !e.sni && events.includes(e.n));

	for (const e of marked)
		e.noTls = true;
	if (s.encryption && !s.encryption.version && marked.length > 0)
		s.encryption.noTls = true;
}

/* Marks the connect that got nowhere, as the session's ending says. */
function markAttempt(s) {
	const attempt = s.ending === 'no-answer' || s.ending === 'refused';

	for (const e of s.events)
		if (attempt && e.kind === 'connect')
			e.attempt = true;
}

/* Of an event, or of `encryption`. */
function tlsName(e) {
	if (e.version)
		return visible(e.version).replace(/^TLSv/, 'TLS ');
	return e.noTls ? 'octets that are not SMTP' :
		'TLS of an unknown version';
}

function tlsLines(e) {
	return [tlsName(e) + (e.cipher ? ', ' + visible(e.cipher) : '') +
		(e.sni ? ', server name ' + visible(e.sni) : '') + ': ' +
		octetsText(e.octets.client) + ' from the client, ' +
		octetsText(e.octets.server) + ' from the server'];
}

/* The event as lines of text, made harmless. */
function eventLines(e) {
	switch (e.kind) {
	case 'connect':
		return [(e.attempt ? 'tried to connect' : 'connected') +
			(e.by === 'server' ? ' by the server' : '')];
	case 'command':
		return commandLines(e);
	case 'reply':
		return replyLines(e);
	case 'data':
		return dataLines(e);
	case 'tls':
		return tlsLines(e);
	case 'gap':
		return ['--- ' + octetsText(e.size) + ' of the ' +
			(e.by || 'connection') + '’s are missing'];
	case 'close':
		return [(e.how === 'rst' ? 'reset' : 'closed') +
			(e.by ? ' by the ' + e.by : '')];
	}
	return [(e.by ? e.by + ': ' : '') + visible(e.text)];
}

/* The event in a few words, for the ladder. */
function eventShort(e) {
	if (e.kind === 'data')
		return e.size === null ? 'content' : 'content, ' +
			plural(e.size, 'octet');
	if (e.kind === 'tls')
		return 'TLS';
	const lines = eventLines(e);

	return lines[0] + (lines.length > 1 ? ' (' + plural(lines.length,
		'line') + ')' : '');
}

/* How bad a reply is: a class, or null. */
function toneOf(e) {
	if (e.kind === 'gap' || e.kind === 'note')
		return 'tone-odd';
	if (e.kind !== 'reply' || e.code === null)
		return null;
	return e.code >= 500 ? 'tone-bad' : e.code >= 400 ? 'tone-odd' : null;
}

/* --- where it stands ---------------------------------------------------- */

/* File, number in it and unit of an `at`; null: not known. */
function placeOf(session, at) {
	const source = session.source;
	let part = null;

	if (!source || !at)
		return null;
	for (const p of source.parts || [])
		if (at > p.base)
			part = p;
	return part ? {file: part.name, n: at - part.base, unit: source.unit,
		format: part.format} : {file: source.name, n: at,
		unit: source.unit, format: source.format};
}

/* Seconds since the session's start, null: no times. */
function sinceStart(session, e) {
	return between(instant(session.start), instant(e.time));
}

/* The rows of a transcript: [left event or null, right event or null, a
 * finding is about it]. */
function alignedRows(t) {
	if (!t.rows || !t.left || !t.right)
		return (t.left || t.right).events.map((e) =>
			t.left ? [e, null, false] : [null, e, false]);
	return t.rows.map(([l, r, found]) => [l ? t.left.events[l - 1] : null,
		r ? t.right.events[r - 1] : null, found === 1]);
}
