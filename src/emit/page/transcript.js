/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transcript.js - the transcripts side by side, or one alone
 *
 * What differs bears a mark, a colour, and, where both sides have it, a frame
 * around the octets that differ.
 */

const FIRST_ROWS = 400, MORE_ROWS = 1000;

/* What two texts do not have in common: [before, middle, behind] of a. */
function splitDifference(a, b) {
	let begin = 0, end = 0;
	const most = Math.min(a.length, b.length);

	while (begin < most && a[begin] === b[begin])
		begin++;
	while (end < most - begin &&
		a[a.length - 1 - end] === b[b.length - 1 - end])
		end++;
	return [a.slice(0, begin), a.slice(begin, a.length - end),
		a.slice(a.length - end)];
}

function lineElement(text, other) {
	const cut = shorten(text, SHOWN_CHARACTERS);

	if (other === undefined || other === text)
		return h('span', {class: 't'}, cut);
	const [before, middle, behind] = splitDifference(cut, other);

	return h('span', {class: 't'}, before,
		middle ? h('mark', {}, middle) : null, behind);
}

/* The text cell of an event; other: of the side it is compared with. */
function textCell(e, other) {
	const lines = eventLines(e);
	const others = other ? eventLines(other) : [];

	return h('td', {class: 'text ' + (toneOf(e) || '')},
		lines.map((text, i) => lineElement(text,
			other ? others[i] || '' : undefined)),
		e.flags.length > 0 ? h('span', {class: 'flags'},
			e.flags.join(', ')) : null,
		e.explanation ? h('span', {class: 'explained'},
			e.explanation) : null);
}

function timeText(session, e) {
	const s = sinceStart(session, e);

	return s === null ? '' : s.toFixed(Math.min(6, digitsOf(session)));
}

function numberOf(session, e) {
	const place = placeOf(session, e.at ? e.at[0] : 0);

	return place ? String(place.n) : '';
}

/* Cells of one side. */
function sideCells(session, e, other) {
	if (!e)
		return [h('td', {class: 'at'}), h('td', {class: 'when'}),
			h('td', {class: 'who'}), h('td', {class: 'text none'})];
	return [h('td', {class: 'at num'}, numberOf(session, e)),
		h('td', {class: 'when num'}, timeText(session, e)),
		h('td', {class: 'who'}, whoOf(e)), textCell(e, other)];
}

function markOf([left, right, found]) {
	if (found)
		return left && right ? ['≠', 'differs'] : left ?
			['◧', 'left only'] : ['◨', 'right only'];
	return left && right ? ['', ''] : ['·', left ? 'the right side ' +
		'has none, which is no difference' : 'the left side has ' +
		'none, which is no difference'];
}

function transcriptRow(t, rows, i, both, select) {
	const [left, right, found] = rows[i];
	const [mark, title] = both ? markOf(rows[i]) : ['', ''];
	const e = h('tr', {class: found ? 'found' : null, 'data-i': i,
		tabindex: -1, on: {click: () => select(i),
			focus: () => select(i)}},
		both ? h('td', {class: 'mark', title: title}, mark,
			title ? h('span', {class: 'hidden'}, title) : null) :
			null,
		both ? [sideCells(t.left, left, found && right ? right : null),
			sideCells(t.right, right, found && left ? left :
				null)] :
			sideCells(t.left || t.right, left || right, null));

	return e;
}

function headOf(session, name) {
	const unit = session.source ? session.source.unit : '';

	return [h('th', {scope: 'col', class: 'at'}, unit),
		h('th', {scope: 'col', class: 'when'}, 's'),
		h('th', {scope: 'col', class: 'who'}, h('span',
			{class: 'hidden'}, 'who')),
		h('th', {scope: 'col', class: 'text'}, name)];
}

function sideName(session, side) {
	const place = session.source ? placeOf(session,
		session.source.first) : null;

	return [side ? h('b', {}, side) : null, side ? ' ' : null,
		place ? visible(place.file) : session.recorder];
}

/* {element, show(i): the row is there, drawn as chosen, and in sight} */
function transcriptTable(t, onSelect) {
	const rows = alignedRows(t), both = Boolean(t.left && t.right);
	const body = h('tbody', {});
	const more = h('button', {type: 'button', class: 'more'});
	let drawn = 0, chosenRow = -1;

	const select = (i) => {
		const old = body.querySelector('tr.chosen');

		if (chosenRow === i)
			return;
		chosenRow = i;
		if (old) {
			old.classList.remove('chosen');
			old.tabIndex = -1;
		}
		body.children[i].classList.add('chosen');
		body.children[i].tabIndex = 0;
		onSelect(rows[i]);
	};
	const draw = (to) => {
		const next = [];

		for (; drawn < Math.min(to, rows.length); drawn++)
			next.push(transcriptRow(t, rows, drawn, both, select));
		body.append(...next);
		more.hidden = drawn >= rows.length;
		more.textContent = 'Show ' + Math.min(MORE_ROWS, rows.length -
			drawn) + ' of ' + (rows.length - drawn) + ' more rows';
	};
	const show = (i) => {
		draw(i + 1);
		body.children[i].focus({preventScroll: true});
		body.children[i].scrollIntoView({block: 'center'});
		select(i);
	};

	more.addEventListener('click', () => draw(drawn + MORE_ROWS));
	body.addEventListener('keydown', (event) => {
		const to = {ArrowDown: chosenRow + 1, j: chosenRow + 1,
			ArrowUp: chosenRow - 1, k: chosenRow - 1,
			Home: 0, End: rows.length - 1}[event.key];

		if (to === undefined || to < 0 || to >= rows.length)
			return;
		show(to);
		event.preventDefault();
	});
	draw(FIRST_ROWS);
	if (body.children.length > 0)
		body.children[0].tabIndex = 0;
	return {rows: rows, show: show, chosen: () => chosenRow,
		element: h('div', {class: 'scroll'}, h('table',
			{class: 'talk' + (both ? ' both' : '')},
			h('thead', {}, h('tr', {},
				both ? h('th', {class: 'mark', scope: 'col'},
					h('span', {class: 'hidden'},
						'differs')) : null,
				headOf(t.left || t.right, sideName(t.left ||
					t.right, both ? 'left' : null)),
				both ? headOf(t.right, sideName(t.right,
					'right')) : null)), body), more)};
}
