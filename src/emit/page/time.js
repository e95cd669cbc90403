/* SPDX-License-Identifier: GPL-2.0-or-later */
/* time.js - times of both sides, each by its own clock */

/* "Z/6", "+02:00/0", "local/0", "day/3" of a row; null: no times. */
function clockOf(text) {
	if (!text)
		return null;
	const slash = text.lastIndexOf('/');
	const zone = text.slice(0, slash);
	const m = /^([+-])(\d\d):(\d\d)$/.exec(zone);

	return {
		zone: zone,
		digits: Number(text.slice(slash + 1)),
		shift: m ? (m[1] === '-' ? -1 : 1) *
			(Number(m[2]) * 60 + Number(m[3])) * 60000 : 0,
	};
}

/* ms since 1970 as date and time of day by the clock. */
function dateText(ms, clock) {
	const t = new Date(ms + clock.shift);

	if (clock.zone === 'day' || isNaN(t))
		return '';
	return t.toISOString().slice(0, -14).replace(/^\+0*/, '');
}

function dayText(ms, clock) {
	const t = new Date(ms + clock.shift);
	const digits = Math.min(clock.digits, 3);

	if (isNaN(t))
		return '';
	return t.toISOString().slice(-13, digits > 0 ? -4 + digits : -5);
}

function zoneText(clock) {
	return clock.zone === 'local' || clock.zone === 'day' ? '' :
		clock.zone === 'Z' ? ' UTC' : ' ' + clock.zone;
}

/* A row's start by the side that has one: {ms, clock}, or null. */
function startOf(row) {
	const r = page.rows;

	if (!isNaN(r.leftTime[row]))
		return {ms: r.leftTime[row], clock: clockOf(r.leftClock[row])};
	if (!isNaN(r.rightTime[row]))
		return {ms: r.rightTime[row],
			clock: clockOf(r.rightClock[row])};
	return null;
}

/* --- the two clocks ----------------------------------------------------- */

/* Pieces of the report, times in ms. */
function clockPieces() {
	if (!page.pieces)
		page.pieces = (page.about.clock || []).map((c) => ({
			from: Date.parse(c.from + 'Z'),
			to: Date.parse(c.to + 'Z'),
			offset: c.offset * 1000,
			drift: c.drift,
		}));
	return page.pieces;
}

/* ms to add to a time of the right side to meet the left's. */
function offsetAt(ms) {
	let best = null, distance = Infinity;

	for (const p of clockPieces()) {
		const d = ms < p.from ? p.from - ms :
			ms > p.to ? ms - p.to : 0;

		if (d < distance) {
			distance = d;
			best = p;
		}
	}
	return best ? best.offset + best.drift * (ms - best.from) : 0;
}

/* The start of a row by the left side's clock, ms; NaN: none. */
function leftMs(row) {
	const r = page.rows;

	return !isNaN(r.leftTime[row]) ? r.leftTime[row] : r.rightTime[row] +
		offsetAt(r.rightTime[row]);
}

/* --- times of transcripts ----------------------------------------------- */

/* "2004-02-20T11:10:03.120000Z", "11:10:03": whole seconds and the fraction
 * apart, so that no digit is lost; null: none. */
function instant(text) {
	const m = text ? /^(.*?\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?$/
		.exec(text) : null;

	if (!m)
		return null;
	const whole = Date.parse((m[1].includes('T') ? '' : '1970-01-01T') +
		m[1] + (m[3] || 'Z')) / 1000;

	return isNaN(whole) ? null : {s: whole, f: Number(m[2] || 0)};
}

/* Seconds from a to b, or null. */
function between(a, b) {
	return a && b ? b.s - a.s + (b.f - a.f) : null;
}

function digitsOf(session) {
	const r = session.clock ? session.clock.resolution : null;

	return !r ? 0 : Math.min(6, Math.max(0, Math.ceil(-Math.log10(r) -
		1e-9)));
}

/* Seconds for people: "0.031 s", "4 min 10 s". */
function secondsText(s) {
	const v = Math.abs(s), sign = s < 0 ? '-' : '';

	if (v < 0.001 && v > 0)
		return sign + Math.round(v * 1e6) + ' µs';
	if (v < 1)
		return sign + Math.round(v * 1e3) + ' ms';
	if (v < 60)
		return sign + String(Math.round(v * 100) / 100) + ' s';
	if (v < 3600)
		return sign + Math.floor(v / 60) + ' min ' +
			Math.round(v % 60) + ' s';
	return sign + Math.floor(v / 3600) + ' h ' +
		Math.floor(v % 3600 / 60) + ' min ' + Math.round(v % 60) +
		' s';
}
