/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table.js - the rows that are on the screen
 *
 * The table is as high as all rows would be, but holds elements of those
 * alone that can be seen.  Beyond MAX_HEIGHT, which browsers do not go past,
 * a step of the scroll bar is several rows.
 */

const MAX_HEIGHT = 12e6;
const OVERSCAN = 6;
/* Of the page's own below the table, in pixels. */
const BELOW = 50;

const table = {active: 0, height: 0, first: -1, last: -1, row: 52,
	offset: 0};

const COLUMNS = [
	['verdict', 'Verdict'],
	['start', 'Start'],
	['client', 'Client → server'],
	['envelope', 'From → to'],
	['result', 'Messages'],
	['findings', 'Findings'],
];

/* --- cells -------------------------------------------------------------- */

function badge(row) {
	const v = page.rows.verdict[row], reason = page.rows.reason[row];
	const [mark, name, style, meaning] = VERDICTS[v];

	return h('span', {title: meaning, class: 'badge ' + (reason &&
		reason !== 'unexplained' ? 'expected' : style)},
		h('span', {class: 'mark', 'aria-hidden': 'true'}, mark), ' ',
		{agree: 'agrees', differ: 'differs',
			'without failure': 'fine'}[name] || name);
}

function hostText(ip, port, name) {
	const v6 = ip && ip.includes(':');
	const where = (ip ? (v6 ? '[' : '') + ip + (v6 ? ']' : '') : '') +
		(port >= 0 ? ':' + port : '');

	return visible(name ? name + (where ? ' ' + where : '') :
		where || '?');
}

function line(text, style) {
	return h('span', {class: 'line' + (style ? ' ' + style : ''),
		title: text}, text);
}

function startCell(row) {
	const start = startOf(row), d = page.rows.duration[row];
	const under = d > 0 ? secondsText(d / 1000) : '';

	if (!start)
		return [line('no time', 'quiet'), line(under, 'quiet')];
	return [line(dayText(start.ms, start.clock) +
		(under ? '  +' + under : ''), 'num'),
	line((dateText(start.ms, start.clock) + zoneText(start.clock))
		.trim(), 'quiet num')];
}

function clientCell(row) {
	const r = page.rows;

	return [line(hostText(r.clientIp[row], r.clientPort[row],
		r.clientName[row])), line('→ ' + hostText(r.serverIp[row],
		r.serverPort[row], r.serverName[row]), 'quiet')];
}

function envelopeCell(row) {
	const r = page.rows, more = r.recipients[row] - 1;

	if (!r.messages[row])
		return [line('no message', 'quiet')];
	return [line(r.from[row] === 0 ? '?' :
		visible(r.from[row]) || '<>'),
		line('→ ' + (r.to[row] ? visible(r.to[row]) :
			'no recipient') + (more > 0 ? ' and ' + more +
			' more' : ''), 'quiet')];
}

function resultCell(row) {
	const r = page.rows, n = r.messages[row];

	return [line(r.outcome[row] || '–', r.outcome[row] &&
		r.outcome[row] !== 'accepted' ? 'strong' : null),
		line(n > 1 ? plural(n, 'message') : r.subject[row] ?
			visible(r.subject[row]) : '', 'quiet')];
}

function findingsCell(row) {
	const r = page.rows;
	const kinds = (r.kinds[row] || []).map((k) => page.about.kinds[k]);
	const text = kinds.length > 0 ? kinds.join(', ') : r.reason[row] || '';
	const where = (file, first) => first > 0 && file ?
		visible(String(file).replace(/^.*\//, '')) + ':' + first : '';

	return [line(text), line([where(r.leftFile[row], r.leftFirst[row]),
		where(r.rightFile[row], r.rightFirst[row])]
		.filter((s) => s).join('  '), 'quiet num')];
}

const CELLS = {verdict: (row) => [badge(row)],
	start: startCell, client: clientCell, envelope: envelopeCell,
	result: resultCell, findings: findingsCell};

function rowElement(at) {
	const row = view.rows[at];
	const e = h('div', {class: 'row', role: 'option', id: 'row-' + at,
		'aria-setsize': view.rows.length, 'aria-posinset': at + 1,
		'aria-selected': at === table.active ? 'true' : 'false'},
		COLUMNS.map(([name]) => h('div', {class: 'cell c-' + name},
			CELLS[name](row))));

	e.addEventListener('click', () => {
		table.active = at;
		openRow(at);
	});
	return e;
}

/* --- what is on the screen ---------------------------------------------- */

function headHeight() {
	return byId('bar').offsetHeight;
}

/* Below the head, to the bottom of the window; less what stands below the
 * table. */
function seenHeight() {
	return window.innerHeight - headHeight() - BELOW;
}

/* Pixels of the table that one of the scroll bar is: 1, or more in a table
 * beyond MAX_HEIGHT. */
function scale() {
	const all = view.rows.length * table.row, seen = seenHeight();

	return table.height < all && table.height > seen ?
		(all - seen) / (table.height - seen) : 1;
}

function drawRows(force) {
	const grid = byId('grid'), top = headHeight();
	const scrolled = Math.max(0, top - grid.getBoundingClientRect().top);
	const first = Math.max(0, Math.floor(scrolled * scale() / table.row) -
		OVERSCAN);
	const last = Math.min(view.rows.length, first + 2 * OVERSCAN +
		Math.ceil(window.innerHeight / table.row) + 1);
	const offset = scale() === 1 ? first * table.row :
		scrolled - (scrolled * scale() - first * table.row);
	const rows = [];

	if (!force && first === table.first && last === table.last &&
		offset === table.offset)
		return;
	table.first = first;
	table.last = last;
	table.offset = offset;
	for (let i = first; i < last; i++) {
		const e = rowElement(i);

		e.style.transform = 'translateY(' + (offset + (i - first) *
			table.row) + 'px)';
		rows.push(e);
	}
	grid.replaceChildren(...rows);
	if (view.rows.length > 0 && table.active >= first &&
		table.active < last)
		grid.setAttribute('aria-activedescendant',
			'row-' + table.active);
	else
		grid.removeAttribute('aria-activedescendant');
}

function headCell([name, heading]) {
	const on = chosen.column === name;
	const title = name === 'findings' && !page.check ? 'Notes' : heading;

	return h('div', {class: 'cell c-' + name},
		h('button', {type: 'button', 'data-column': name,
			'aria-label': 'Sort by ' + title + (on ? chosen.down ?
				', now descending' : ', now ascending' : ''),
			on: {click: () => sortBy(name)}}, title,
			h('span', {class: 'arrow', 'aria-hidden': 'true'},
				on ? chosen.down ? ' ▼' : ' ▲' : '')));
}

function drawHead() {
	const focused = document.activeElement &&
		document.activeElement.dataset.column;
	let again;

	byId('head').replaceChildren(...COLUMNS.map(headCell));
	if (focused) {
		again = byId('head').querySelector('[data-column="' +
			focused + '"]');
		if (again)
			again.focus();
	}
}

function sortBy(name) {
	if (chosen.column !== name) {
		chosen.column = name;
		chosen.down = false;
	} else if (!chosen.down) {
		chosen.down = true;
	} else {
		chosen.column = name === 'verdict' ? null : 'verdict';
		chosen.down = false;
	}
	view.order = null;
	drawHead();
	refresh();
}

/* Another choice of rows. */
function showTable() {
	const grid = byId('grid'), n = view.rows.length;

	table.row = parseFloat(getComputedStyle(grid)
		.getPropertyValue('--row')) || 52;
	table.height = Math.min(n * table.row, MAX_HEIGHT);
	grid.style.height = table.height + 'px';
	table.active = Math.max(0, Math.min(table.active, n - 1));
	byId('empty').hidden = n > 0;
	byId('empty').textContent = page.rows.count > 0 ?
		'No session is like that. Escape or “Show all” clears the ' +
		'filters.' : 'No sessions were found in the input.';
	drawRows(true);
}

/* --- keys --------------------------------------------------------------- */

/* Scroll so that the active row can be seen. */
function reveal() {
	const top = byId('grid').getBoundingClientRect().top;
	const head = headHeight(), s = scale();
	const from = Math.max(0, head - top) * s;
	const y = table.active * table.row - from;
	let to = from;

	if (y < 0)
		to += y;
	else if (y + table.row > window.innerHeight - Math.max(top, head))
		to += y + table.row - seenHeight();
	else
		return;
	window.scrollTo(0, window.scrollY + top - head + Math.max(0, to) / s);
}

function move(to) {
	table.active = Math.max(0, Math.min(view.rows.length - 1, to));
	reveal();
	drawRows(true);
}

function gridKey(event) {
	const seen = Math.max(1, Math.floor((window.innerHeight -
		headHeight()) / table.row) - 1);
	const to = {
		ArrowDown: table.active + 1, ArrowUp: table.active - 1,
		j: table.active + 1, k: table.active - 1,
		PageDown: table.active + seen, PageUp: table.active - seen,
		Home: 0, End: view.rows.length - 1,
	}[event.key];

	if (event.ctrlKey || event.altKey || event.metaKey)
		return;
	if (to !== undefined)
		move(to);
	else if (event.key === 'Enter' || event.key === ' ')
		openRow(table.active);
	else
		return;
	event.preventDefault();
}

function startTable() {
	const grid = byId('grid');
	let waiting = false;
	const later = () => {
		if (waiting)
			return;
		waiting = true;
		requestAnimationFrame(() => {
			waiting = false;
			drawRows(false);
		});
	};

	grid.addEventListener('keydown', gridKey);
	window.addEventListener('scroll', later, {passive: true});
	window.addEventListener('resize', () => showTable());
	drawHead();
}
