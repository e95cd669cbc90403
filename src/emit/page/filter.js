/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter.js - which rows are shown, and in which order */

const chosen = {
	verdicts: new Set(), /* empty: all */
	kinds: new Set(),    /* of findings; any of them */
	outcomes: new Set(), /* any of them */
	words: [],           /* all of them */
	from: NaN, to: NaN,  /* ms by the left side's clock */
	column: 'verdict',   /* of the order; null: as it was written */
	down: false,
};

/* Rows in order, and those of them that are shown. */
const view = {order: null, rows: new Uint32Array(0)};

function addressKey(ip) {
	return (ip || '').replace(/\d+/g, (d) => d.padStart(3, '0'));
}

/* Keys by which rows are sorted; strings or numbers. */
const KEYS = {
	verdict: (r, i) => [5, 0, 1, 3, 4, 6, 0][r.verdict[i]] -
		(r.reason[i] === 'unexplained' ? 2 : 0),
	start: (r, i) => leftMs(i),
	client: (r, i) => addressKey(r.clientIp[i]) + ' ' +
		(r.clientName[i] || ''),
	envelope: (r, i) => ((r.from[i] || '') + ' ' + (r.to[i] || ''))
		.toLowerCase(),
	result: (r, i) => r.outcome[i] + ' ' +
		String(1e6 + r.messages[i]),
	findings: (r, i) => r.kinds[i] ? r.kinds[i].length : 0,
};

function compareKeys(a, b) {
	/* what is not known comes last */
	if (a !== a || b !== b)
		return (a !== a) - (b !== b);
	return a < b ? -1 : a > b ? 1 : 0;
}

function sortRows() {
	const r = page.rows, key = KEYS[chosen.column];
	const order = new Uint32Array(r.count);

	for (let i = 0; i < r.count; i++)
		order[i] = i;
	if (key) {
		const keys = Array.from(order, (i) => key(r, i));
		const sign = chosen.down ? -1 : 1;

		order.sort((a, b) => sign * compareKeys(keys[a], keys[b]) ||
			a - b);
	}
	view.order = order;
}

function hasKind(kinds) {
	return kinds && kinds.some((k) => chosen.kinds.has(k));
}

function inTime(row) {
	const t = leftMs(row);

	return t >= chosen.from && t < chosen.to;
}

function isShown(row, hay) {
	const r = page.rows;

	if (chosen.verdicts.size && !chosen.verdicts.has(r.verdict[row]))
		return false;
	if (chosen.kinds.size && !hasKind(r.kinds[row]))
		return false;
	if (chosen.outcomes.size && !chosen.outcomes.has(r.outcome[row]))
		return false;
	if (!isNaN(chosen.from) && !inTime(row))
		return false;
	return chosen.words.every((w) => hay[row].includes(w));
}

function filterRows() {
	const hay = chosen.words.length ? haystack() : null;
	const rows = new Uint32Array(page.rows.count);
	let n = 0;

	if (!view.order)
		sortRows();
	for (const row of view.order)
		if (isShown(row, hay))
			rows[n++] = row;
	view.rows = rows.subarray(0, n);
}

function setWords(text) {
	chosen.words = text.toLowerCase().split(/\s+/).filter((w) => w);
}

function isFiltered() {
	return chosen.verdicts.size + chosen.kinds.size +
		chosen.outcomes.size + chosen.words.length > 0 ||
		!isNaN(chosen.from);
}

function toggle(set, v) {
	if (!set.delete(v))
		set.add(v);
}

/* What follows from another choice. */
function refresh() {
	filterRows();
	showTable();
	showChoices();
}

function clearFilters() {
	chosen.verdicts.clear();
	chosen.kinds.clear();
	chosen.outcomes.clear();
	chosen.words = [];
	chosen.from = chosen.to = NaN;
	byId('search').value = '';
	refresh();
}
