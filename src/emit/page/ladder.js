/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ladder.js - the exchange as a sequence diagram
 *
 * Lifelines: the client, the records in the order in which they stand between
 * the hosts, the server.  An arrow is one event; a dot where it crosses a
 * record says that this record has it, a ring that it lacks it.  The way down
 * grows with the time that passed, as its logarithm: an hour fits, and a
 * pause is still seen.
 */

const LADDER = {width: 960, left: 130, right: 130, step: 30, top: 58,
	most: 400};

/* A record's place between client (0) and server (2). */
function standing(session) {
	return session.recorder === 'client' ? 0 :
		session.recorder === 'server' ? 2 : 1;
}

/* [{name, session, side, x}] from client to server. */
function lifelines(t) {
	const records = [];

	if (t.left)
		records.push({side: 0, session: t.left,
			name: t.right ? 'left' : 'record'});
	if (t.right)
		records.push({side: 1, session: t.right,
			name: t.left ? 'right' : 'record'});
	records.sort((a, b) => standing(a.session) - standing(b.session));
	const span = LADDER.width - LADDER.left - LADDER.right;

	records.forEach((r, i) => {
		r.x = LADDER.left + span * (i + 1) / (records.length + 1);
	});
	return records;
}

/* The side whose clock is finer: 0, 1. */
function finerSide(t) {
	const fine = (s) => s && s.clock && s.clock.resolution ?
		s.clock.resolution : Infinity;

	return fine(t.right) < fine(t.left) ? 1 : 0;
}

/* Seconds since the start by the clock of that side, null: it has no time for
 * the row. */
function momentOf(t, row, side) {
	const session = side === 0 ? t.left : t.right;

	return row[side] && session ? sinceStart(session, row[side]) : null;
}

/* The same in as many digits as the clock has. */
function ladderMoment(t, row, side) {
	const moment = momentOf(t, row, side);

	return moment === null ? '' : moment.toFixed(Math.min(3,
		digitsOf(side === 0 ? t.left : t.right)));
}

/* Do both sides tell times? */
function haveBothTimes(t) {
	return Boolean(t.left && t.right && instant(t.left.start) &&
		instant(t.right.start));
}

function gapHeight(seconds) {
	return seconds > 0.01 ?
		Math.min(56, 10 * Math.log10(seconds / 0.01)) : 0;
}

function ladderHead(t, records, height) {
	const s = t.left || t.right, xs = [[LADDER.left, 'client',
		hostText(s.client.ip, s.client.port === null ? -1 :
			s.client.port, s.client.name)],
	...records.map((r) => [r.x, r.name, r.session.recorder + (
		r.session.source ? ', ' + visible(r.session.source.format) :
			'')]),
	[LADDER.width - LADDER.right, 'server', hostText(s.server.ip,
		s.server.port === null ? -1 : s.server.port, s.server.name)]];

	return xs.map(([x, name, under]) => [
		svg('text', {x: x, y: 18, class: 'life-name'}, name),
		svg('text', {x: x, y: 34, class: 'life-under'},
			svg('title', {}, under), shorten(under, 26)
				.replace(/ \[and.*/, '…')),
		svg('line', {x1: x, x2: x, y1: 42, y2: height,
			class: name === 'client' || name === 'server' ?
				'life' : 'life record'})]);
}

/* The place of a record on an arrow: a dot, a ring. */
function ladderDot(r, e, found, y) {
	if (e)
		return svg('circle', {cx: r.x, cy: y, r: 4, class: 'seen'},
			svg('title', {}, r.name + ' has it'));
	return svg('g', {class: found ? 'unseen bad' : 'unseen'},
		svg('circle', {cx: r.x, cy: y, r: 5}),
		found ? svg('path', {d: 'M' + (r.x - 3.5) + ' ' + (y - 3.5) +
			'l7 7m0-7l-7 7'}) : null,
		svg('title', {}, r.name + ' lacks it'));
}

/* Where an arrow is last seen, if a record that it passes later misses it. */
function lostAt(records, row, by) {
	const way = by === 'server' ? records.slice().reverse() : records;
	const seen = way.findIndex((r) => row[r.side]);
	const lost = way.findIndex((r, i) => i > seen && !row[r.side]);

	return row[2] && seen >= 0 && lost >= 0 ? way[lost].x : null;
}

function arrow(by, y, lost) {
	const a = LADDER.left, b = LADDER.width - LADDER.right;
	const from = by === 'server' ? b : a, to = by === 'server' ? a : b;
	const head = by === 'server' ? 'm8-4l-8 4l8 4' : 'm-8-4l8 4l-8 4';
	const end = to + (by === 'server' ? 1 : -1);

	if (by !== 'client' && by !== 'server')
		return svg('path', {class: 'arrow both', d: 'M' + a + ' ' + y +
			'H' + b});
	if (lost === null)
		return svg('path', {class: 'arrow', d: 'M' + from + ' ' + y +
			'H' + end + head});
	return svg('g', {}, svg('path', {class: 'arrow', d: 'M' + from + ' ' +
		y + 'H' + lost}), svg('path', {class: 'arrow lost', d: 'M' +
		lost + ' ' + y + 'H' + end}));
}

/* The times of a row: by the finer clock, and beneath it by the other. */
function ladderTimes(t, row, y) {
	const side = finerSide(t);

	if (!haveBothTimes(t))
		return svg('text', {x: 8, y: y + 4, class: 'moment'},
			ladderMoment(t, row, side));
	return [svg('text', {x: 8, y: y - 1, class: 'moment'},
		ladderMoment(t, row, side)),
	svg('text', {x: 8, y: y + 11, class: 'moment other'},
		ladderMoment(t, row, 1 - side))];
}

function ladderRow(t, records, row, y, waited) {
	const e = row[0] || row[1], found = row[2];
	const differs = found && row[0] && row[1];
	const label = eventShort(e) + (differs ? '  ≠  ' +
		eventShort(row[1]) : '');
	const cut = shorten(label, 92).replace(/ \[and \d+ more\]$/, '…');
	const width = LADDER.width - LADDER.left - LADDER.right;

	return svg('g', {class: 'step ' + (toneOf(e) || '') +
		(found ? ' found' : '')},
		found ? svg('rect', {x: 0, y: y - 20, width: LADDER.width,
			height: 29, class: 'ground'}) : null,
		arrow(e.by, y, lostAt(records, row, e.by)),
		svg('text', {x: LADDER.left + width / 2, y: y - 8,
			class: 'label'}, svg('title', {}, label), cut),
		records.map((r) => ladderDot(r, row[r.side], found, y)),
		ladderTimes(t, row, y),
		svg('text', {x: LADDER.width - 8, y: y + 4, class: 'waited'},
			(found ? '≠ ' : '') + (waited !== null &&
			Math.abs(waited) >= 0.0005 ? (waited < 0 ? '' : '+') +
			secondsText(waited) : '')));
}

/* The diagram of the first LADDER.most rows from `from`. */
function drawLadder(t, rows, from, to) {
	const records = lifelines(t);
	const steps = [];
	let y = LADDER.top + 14, before = null;

	for (let i = from; i < to; i++) {
		/* By one clock: with the other's times some would seem to run
		 * backwards. */
		const moment = momentOf(t, rows[i], finerSide(t));
		const waited = moment !== null && before !== null ?
			moment - before : null;

		y += waited === null ? 0 : gapHeight(waited);
		steps.push(ladderRow(t, records, rows[i], y, waited));
		y += LADDER.step;
		if (moment !== null)
			before = moment;
	}
	return svg('svg', {class: 'ladder', role: 'img',
		'aria-label': 'Sequence diagram of the exchange; the ' +
			'transcripts say the same in words.',
		viewBox: '0 0 ' + LADDER.width + ' ' + y,
		width: LADDER.width, height: y},
		ladderHead(t, records, y - 10), steps);
}

function ladder(t) {
	const rows = alignedRows(t);
	const box = h('div', {class: 'scroll ladder-box', tabindex: 0,
		role: 'group', 'aria-label': 'Ladder'});
	const names = finerSide(t) ? ['right side', 'left side'] :
		['left side', 'right side'];
	const legend = h('p', {class: 'quiet legend'},
		'Seconds since the start, by the clock of the ' +
		(t.left && t.right ? names[0] : 'record') +
		(haveBothTimes(t) ? ', and beneath by that of the ' +
			names[1] + ' since its own start' : '') +
		(t.left && t.right ? '. ● the record has it, ○ it lacks ' +
			'it, ⊗ which is a difference.' : '.'));
	let from = 0;

	const show = () => {
		const to = Math.min(rows.length, from + LADDER.most);
		const turn = (by) => h('button', {type: 'button',
			class: 'more', on: {click: () => {
				from += by;
				show();
			}}}, by < 0 ? 'Events before' : 'Events behind');

		box.replaceChildren(legend, ...(from > 0 ?
			[turn(-LADDER.most)] : []),
		drawLadder(t, rows, from, to), ...(to < rows.length ?
			[turn(LADDER.most)] : []));
	};

	show();
	return box;
}
