/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timeline.js - when sessions began on both sides, by the left side's clock
 *
 * A lane for each side, bins of equal time; what differs stands out by
 * colour and by a mark above the bin.  A range is chosen by mouse, or with
 * arrow keys and Enter.
 */

const BINS = 120, LANE = 30, GAP = 14, TOP = 12;

const timeline = {from: NaN, to: NaN, at: 0, anchor: -1, drag: false};

/* Is the row one to look at? */
function stands(row) {
	const r = page.rows, v = r.verdict[row];

	return v === DIFFERS || v === UNDECIDABLE || v === FAILED ||
		r.reason[row] === 'unexplained';
}

/* Counts of each lane: all, and those that stand out. */
function binRows() {
	const r = page.rows, times = [new Float64Array(r.count),
		new Float64Array(r.count)];
	let from = Infinity, to = -Infinity;

	for (let i = 0; i < r.count; i++) {
		times[0][i] = r.leftTime[i];
		times[1][i] = r.rightTime[i] + offsetAt(r.rightTime[i]);
		for (const t of [times[0][i], times[1][i]]) {
			if (t < from)
				from = t;
			if (t > to)
				to = t;
		}
	}
	timeline.from = from;
	timeline.to = to + 1;
	return times.map((lane) => {
		const all = new Uint32Array(BINS), odd = new Uint32Array(BINS);

		for (let i = 0; i < r.count; i++) {
			const bin = Math.floor(BINS * (lane[i] - from) /
				(timeline.to - from));

			if (isNaN(bin))
				continue;
			all[bin]++;
			odd[bin] += stands(i) ? 1 : 0;
		}
		return {all: all, odd: odd};
	});
}

function binTime(bin) {
	return timeline.from + bin * (timeline.to - timeline.from) / BINS;
}

/* The clock by which the page's times are told. */
function pageClock() {
	const r = page.rows;

	for (const column of [r.leftClock, r.rightClock])
		for (let i = 0; i < Math.min(r.count, 100); i++)
			if (column[i])
				return clockOf(column[i]);
	return {zone: 'local', digits: 0, shift: 0};
}

function momentText(ms) {
	const clock = pageClock();

	clock.digits = timeline.to - timeline.from < 600000 ? 3 : 0;
	return (dateText(ms, clock) + ' ' + dayText(ms, clock)).trim();
}

function rangeText(from, to) {
	const clock = pageClock();

	clock.digits = 0;
	return momentText(from) + ' – ' + dayText(to, clock);
}

function bars(counts, most, y, style) {
	let d = '';

	for (let i = 0; i < BINS; i++) {
		/* one session is to be seen among thousands */
		const v = counts[i] === 0 ? 0 : Math.max(2.5,
			LANE * Math.sqrt(counts[i] / most));

		if (v > 0)
			d += 'M' + (i * 10 + 1) + ' ' + (y + LANE) + 'v' +
				(-v).toFixed(1) + 'h8v' + v.toFixed(1) + 'z';
	}
	return svg('path', {d: d, class: style});
}

function oddMarks(counts, y) {
	let d = '';

	for (let i = 0; i < BINS; i++)
		if (counts[i] > 0)
			d += 'M' + (i * 10 + 1) + ' ' + (y - 8) + 'h8l-4 6z';
	return svg('path', {d: d, class: 'odd-mark'});
}

function lane(counts, y, name) {
	const most = counts.all.reduce((a, b) => Math.max(a, b), 1);

	return svg('g', {}, svg('title', {}, name), svg('path', {class: 'axis',
		d: 'M0 ' + (y + LANE + .5) + 'H' + BINS * 10}),
		bars(counts.all, most, y, 'all'),
		bars(counts.odd, most, y, 'odd'),
		oddMarks(counts.odd, y));
}

/* --- choosing ----------------------------------------------------------- */

function chooseBins(a, b) {
	chosen.from = binTime(Math.min(a, b));
	chosen.to = binTime(Math.max(a, b) + 1);
	refresh();
}

function showRange() {
	const range = byId('timeline-range'), cursor = byId('timeline-cursor');
	const width = timeline.to - timeline.from;

	if (!range)
		return;
	cursor.setAttribute('x', timeline.at * 10);
	if (isNaN(chosen.from)) {
		range.setAttribute('width', 0);
	} else {
		range.setAttribute('x', BINS * 10 *
			(chosen.from - timeline.from) / width);
		range.setAttribute('width', BINS * 10 *
			(chosen.to - chosen.from) / width);
	}
	byId('timeline-plot').setAttribute('aria-valuetext',
		rangeText(binTime(timeline.at), binTime(timeline.at + 1)));
	byId('timeline-plot').setAttribute('aria-valuenow', timeline.at);
	byId('timeline-now').textContent = isNaN(chosen.from) ?
		'' : rangeText(chosen.from, chosen.to);
}

function binAt(event) {
	const box = byId('timeline-plot').getBoundingClientRect();

	return Math.max(0, Math.min(BINS - 1, Math.floor(BINS *
		(event.clientX - box.left) / box.width)));
}

function timelineKey(event) {
	const step = {ArrowLeft: -1, ArrowRight: 1, Home: -BINS, End: BINS,
		PageUp: -10, PageDown: 10}[event.key];

	if (step) {
		timeline.at = Math.max(0, Math.min(BINS - 1,
			timeline.at + step));
		if (!event.shiftKey)
			timeline.anchor = timeline.at;
		else
			chooseBins(timeline.anchor < 0 ? timeline.at - step :
				timeline.anchor, timeline.at);
		showRange();
	} else if (event.key === 'Enter' || event.key === ' ') {
		timeline.anchor = timeline.at;
		chooseBins(timeline.at, timeline.at);
	} else if (event.key === 'Escape' && !isNaN(chosen.from)) {
		chosen.from = chosen.to = NaN;
		refresh();
	} else {
		return;
	}
	event.preventDefault();
	event.stopPropagation();
}

function pointerDown(event) {
	timeline.drag = true;
	timeline.anchor = timeline.at = binAt(event);
	event.currentTarget.setPointerCapture(event.pointerId);
	chooseBins(timeline.at, timeline.at);
}

function pointerMove(event) {
	const bin = binAt(event);

	if (!timeline.drag || bin === timeline.at)
		return;
	timeline.at = bin;
	chooseBins(timeline.anchor, bin);
}

function plot(lanes) {
	const height = TOP + lanes.length * (LANE + GAP);

	return svg('svg', {id: 'timeline-plot', class: 'plot', tabindex: 0,
		role: 'slider', 'aria-label': 'Time. Arrow keys move, Enter ' +
			'chooses, Shift with arrows extends, Escape clears.',
		'aria-valuemin': 0, 'aria-valuemax': BINS - 1,
		viewBox: '0 0 ' + BINS * 10 + ' ' + height,
		preserveAspectRatio: 'none'},
		svg('rect', {id: 'timeline-range', class: 'range', y: 0,
			height: height, width: 0, x: 0}),
		svg('rect', {id: 'timeline-cursor', class: 'cursor', y: 0,
			height: height, width: 10, x: 0}),
		lanes);
}

function timelineCard() {
	const counts = binRows();
	const lanes = counts.slice(0, page.check ? 2 : 1);
	let e;

	if (!isFinite(timeline.from))
		return card('timeline', 'When', h('p', {class: 'quiet'},
			'The sessions bear no times.'));
	const empty = lanes.map((c) => c.all.every((n) => n === 0));

	e = plot(lanes.map((c, i) => lane(c, TOP + i * (LANE + GAP),
		i === 0 ? 'left' : 'right')));
	e.addEventListener('keydown', timelineKey);
	e.addEventListener('pointerdown', pointerDown);
	e.addEventListener('pointermove', pointerMove);
	e.addEventListener('pointerup', () => {
		timeline.drag = false;
	});
	return card('timeline', 'When sessions began',
		h('div', {class: 'plot-box'},
			page.check ? h('div', {class: 'lanes',
				'aria-hidden': 'true'}, h('span', {}, 'left'),
				h('span', {}, 'right')) : null, e),
		page.check && empty.includes(true) ? h('p', {class: 'quiet'},
			'The sessions of the ' + (empty[0] ? 'left' : 'right') +
			' side bear no times.') : null,
		h('p', {class: 'plot-axis num'},
			h('span', {}, momentText(timeline.from)),
			h('span', {id: 'timeline-now', class: 'now'}),
			h('span', {}, momentText(timeline.to - 1) +
				zoneText(pageClock()))));
}
