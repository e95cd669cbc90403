/* SPDX-License-Identifier: GPL-2.0-or-later */
/* overview.js - how many, which findings, whose clock, what was not seen */

/* By number of a verdict: mark (so that colour is not needed), name, class,
 * and what it means. */
const VERDICTS = [
	['=', 'agree', 'agrees', 'Both sides tell the same.'],
	['≠', 'differ', 'differs', 'The two sides contradict each other.'],
	['?', 'undecidable', 'undecidable',
		'What would decide it is beyond what one side can record.'],
	['◧', 'left only', 'only', 'A session that the right side lacks.'],
	['◨', 'right only', 'only', 'A session that the left side lacks.'],
	['✓', 'without failure', 'agrees',
		'All messages were accepted and the session ended with QUIT.'],
	['!', 'failed', 'differs', 'A message that was not accepted, a ' +
		'refusal, no greeting, or an end without QUIT.'],
];

/* What a finding, or a note, says in one line. */
const MEANINGS = {
	'command-missing': 'A command that only one side has.',
	'command-changed': 'A command that reads differently.',
	'recipient-missing': 'A recipient that only one side has.',
	'reply-missing': 'A reply that only one side has.',
	'reply-code-changed': 'The same reply with another code.',
	'reply-text-changed': 'The same reply with another text.',
	'order-changed': 'The same events in another order.',
	'message-missing': 'A message that only one side has.',
	'message-size-changed': 'The same message with another size.',
	'message-content-changed': 'The same message, other content.',
	'header-changed': 'A header field that reads differently.',
	'address-changed': 'Another sender or recipient.',
	'capture-gap': 'Octets that the capture lost explain it.',
	'reply-never-arrived': 'A reply of the server’s that never ' +
		'reached the client.',
	'greeting-masked': 'A middlebox hides the greeting.',
	'verb-masked': 'A middlebox overwrites commands.',
	'starttls-stripped': 'A middlebox takes STARTTLS out.',
	'extension-removed': 'A middlebox takes extensions out.',
	'timeout-client': 'The client waited and gave up.',
	'timeout-server': 'The server waited and gave up.',
	'mtu-black-hole': 'Large segments never arrive, small ones do.',
	'smuggling': 'Line ends that hide a second message.',
	'commands-after-starttls': 'Commands sent behind STARTTLS in clear.',
	'early-talker': 'The client spoke before the greeting.',
	'gap': 'Octets are missing from the record.',
	'direction-missing': 'Only one direction was captured.',
	'no-start': 'The start of the connection was not captured.',
	'snapped': 'Frames were cut by the snap length.',
	'frames-dropped': 'The capturing side lost frames.',
	'not-smtp': 'What was said is not SMTP.',
	'tls-not-followed': 'STARTTLS was agreed, but no TLS came.',
	'reply-codes-differ': 'Lines of one reply with different codes.',
	'reply-unterminated': 'A multi-line reply that never ended.',
	'reply-unprompted': 'A reply that nobody asked for.',
	'bare-lf-end': 'Content ended with a bare line feed.',
	'bad-checksum': 'Segments with wrong checksums.',
	'overlap-differs': 'Segments sent again with other octets.',
	'comment': 'A comment to a frame, of the capture.',
	'process': 'The program that the capture names.',
	'date-assumed': 'The record has no dates; they were assumed.',
	'line-not-understood': 'Lines of the log that no rule knows.',
	'ambiguous-interleaving': 'The log mixes sessions beyond telling.',
	'synthetic-quit': 'The QUIT of this log is no command.',
	'limit': 'A limit was reached; more was left out.',
	'truncated-input': 'The input breaks off.',
	'ports-reused': 'The same ports began a new connection.',
	'vlan-asymmetric': 'The directions lie in different VLANs or tunnels.',
};

/* Counters of the account that tell of something not seen. */
const LOSSES = new Set(['records_damaged', 'frames_link_type_unknown',
	'frames_malformed', 'frames_snapped', 'frames_snapped_in_header',
	'frames_dropped', 'frames_bad_checksum', 'datagrams_incomplete',
	'datagrams_limit', 'octets_missing', 'gaps', 'connections_limit',
	'connections_memory_limit', 'attempts_no_answer', 'attempts_refused',
	'sessions_not_smtp', 'sessions_tls', 'messages_incomplete',
	'lines_not_understood', 'limit_events', 'limit_recipients',
	'limit_lines_cut', 'limit_other']);

function verdictCounts() {
	const a = page.about, counts = [0, 0, 0, 0, 0, 0, 0];

	if (page.check) {
		counts[AGREES] = a.summary.agrees;
		counts[DIFFERS] = a.summary.differs;
		counts[UNDECIDABLE] = a.summary.undecidable;
		counts[LEFT_ONLY] = a.summary.left_only;
		counts[RIGHT_ONLY] = a.summary.right_only;
	} else {
		counts[FINE] = a.sessions - a.failed;
		counts[FAILED] = a.failed;
	}
	return counts;
}

function kindCounts() {
	const counts = new Map();

	if (page.check) {
		for (const [kind, n] of
			Object.entries(page.about.summary.findings))
			counts.set(page.about.kinds.indexOf(kind), n);
		return counts;
	}
	for (const kinds of page.rows.kinds || [])
		for (const k of kinds || [])
			counts.set(k, (counts.get(k) || 0) + 1);
	return counts;
}

/* --- the head ----------------------------------------------------------- */

function fileNames(files) {
	const names = files.map((f) => visible(f === '-' ? 'standard input' :
		f.replace(/^.*\//, '')));

	if (names.length <= 1)
		return names[0] || 'nothing';
	return names[0] + ' and ' + plural(names.length - 1, 'more file');
}

function titleText() {
	const a = page.about;

	return page.check ? fileNames(a.left.files) + ' against ' +
		fileNames(a.right.files) : fileNames(a.files);
}

function headlineText(counts) {
	const a = page.about;

	if (!page.check)
		return a.failed === 0 ? plural(a.sessions, 'session') +
			', nothing failed' : number(a.failed) + ' of ' +
			plural(a.sessions, 'session') + ' failed';
	const odd = counts[DIFFERS] + a.unexplained;

	if (a.summary.pairs + a.summary.left_only + a.summary.right_only === 0)
		return 'No sessions on either side';
	if (counts[DIFFERS] > 0)
		return number(counts[DIFFERS]) + ' of ' + plural(
			a.summary.pairs, 'pair') + (counts[DIFFERS] === 1 ?
			' differs' : ' differ');
	if (odd > 0)
		return plural(odd, 'session') + ' on one side only, ' +
			'unexplained';
	return counts[UNDECIDABLE] > 0 ? 'Nothing differs; ' +
		plural(counts[UNDECIDABLE], 'pair') + ' cannot be decided' :
		'Both sides agree';
}

/* Of sessions on one side alone, those that nothing explains. */
function unexplained(v) {
	const r = page.rows;
	let n = 0;

	for (let i = 0; i < r.count; i++)
		n += r.verdict[i] === v && r.reason[i] === 'unexplained';
	return n;
}

function tile(v, count, total) {
	const [mark, name, style, meaning] = VERDICTS[v];
	const share = total > 0 ? 100 * count / total : 0;
	const bar = h('span', {class: 'share'});
	const e = h('button', {type: 'button', class: 'tile ' + style,
		'aria-pressed': 'false', title: meaning, 'data-verdict': v,
		on: {click: () => {
			toggle(chosen.verdicts, v);
			refresh();
		}}},
		h('span', {class: 'tile-n'}, number(count)),
		h('span', {class: 'tile-name'},
			h('span', {class: 'mark', 'aria-hidden': 'true'}, mark),
			' ', name, (v === LEFT_ONLY || v === RIGHT_ONLY) &&
			count > 0 ? ', ' + number(unexplained(v)) +
			' unexplained' : null), bar);

	bar.style.width = (count > 0 ? Math.max(2, share) : 0) + '%';
	return e;
}

function showVerdicts() {
	const counts = verdictCounts();
	const total = counts.reduce((a, b) => a + b, 0);
	const wanted = page.check ? [DIFFERS, UNDECIDABLE, LEFT_ONLY,
		RIGHT_ONLY, AGREES] : [FAILED, FINE];

	byId('verdicts').replaceChildren(...wanted.map((v) =>
		tile(v, counts[v], total)));
	byId('headline').textContent = headlineText(counts);
	byId('headline').className = 'headline ' +
		(counts[DIFFERS] + counts[FAILED] > 0 ? 'differs' :
			counts[UNDECIDABLE] > 0 ? 'undecidable' : 'agrees');
}

/* --- cards -------------------------------------------------------------- */

function card(id, title, ...content) {
	return h('section', {class: 'card', id: id,
		'aria-labelledby': id + '-title'},
		h('h2', {id: id + '-title'}, title), content);
}

/* A line that counts sessions and keeps only these when it is pressed. */
function countButton(set, v, n, most, name, meaning) {
	const bar = h('span', {class: 'share'});

	bar.style.width = Math.max(1, 100 * n / most) + '%';
	return h('li', {}, h('button', {type: 'button', class: 'kind',
		'aria-pressed': 'false', 'data-set': set, 'data-value': v,
		on: {click: () => {
			toggle(chosen[set], v);
			refresh();
		}}},
		h('span', {class: 'kind-n'}, number(n)),
		h('span', {class: 'kind-name'}, name),
		h('span', {class: 'kind-what'}, meaning), bar));
}

function kindButton(k, n, most) {
	const name = page.about.kinds[k] || 'other';

	return countButton('kinds', k, n, most, name, MEANINGS[name] || '');
}

/* Of what became of messages; of a session with several, of all. */
const OUTCOMES = {
	'accepted': 'The receiver took responsibility.',
	'deferred': 'Refused for now: the sender tries again.',
	'rejected': 'Refused for good.',
	'partial': 'Taken for some recipients only.',
	'aborted': 'Begun, but not sent.',
	'unknown': 'The record does not tell.',
	'mixed': 'Several messages that ended differently.',
	'': 'No mail was begun.',
};

/* [outcome, sessions], the most frequent first. */
function outcomeCounts() {
	const counts = new Map();

	for (const v of page.rows.outcome || [])
		counts.set(v, (counts.get(v) || 0) + 1);
	return Array.from(counts).sort((a, b) => b[1] - a[1]);
}

/* In a line, where the cards are about other things. */
function outcomesLine() {
	return h('div', {class: 'outcomes', role: 'group',
		'aria-label': 'Show only sessions with an outcome'},
	h('span', {class: 'quiet'}, 'Mail'), outcomeCounts().map(([v, n]) =>
		h('button', {type: 'button', class: 'pill', title: OUTCOMES[v],
			'aria-pressed': 'false', 'data-set': 'outcomes',
			'data-value': v, on: {click: () => {
				toggle(chosen.outcomes, v);
				refresh();
			}}}, h('b', {}, number(n)), ' ',
		v || 'no message')));
}

function outcomesCard() {
	const list = outcomeCounts();

	return card('outcomes', 'Sessions by outcome', h('ul',
		{class: 'kinds'}, list.map(([v, n]) => countButton('outcomes',
			v, n, list[0][1], v || 'no message',
			OUTCOMES[v] || ''))));
}

function kindsCard() {
	const counts = Array.from(kindCounts()).sort((a, b) => b[1] - a[1]);
	const title = page.check ? 'Findings by kind' : 'Notes by kind';

	if (counts.length === 0)
		return card('kinds', title, h('p', {class: 'quiet'},
			page.check ? 'No findings.' : 'No notes.'));
	return card('kinds', title, h('ul', {class: 'kinds'},
		counts.map(([k, n]) => kindButton(k, n, counts[0][1]))));
}

function clockLine(c) {
	const drift = Math.abs(c.drift) > 1e-7 ? ', drifting by ' +
		secondsText(c.drift * 86400) + ' a day' : '';

	return h('div', {class: 'clock'},
		h('p', {class: 'big'}, (c.offset < 0 ? '−' : '+') +
			secondsText(Math.abs(c.offset))),
		h('p', {class: 'quiet'}, 'to be added to the right side’s ' +
			'times, by ' + plural(c.pairs, 'pair') +
			', spread ' + secondsText(c.spread) + drift),
		h('p', {class: 'quiet num'}, h('span', {class: 'whole'},
			c.from.replace('T', ' ') + ' –'), ' ',
		h('span', {class: 'whole'}, c.to.replace('T', ' '))));
}

function clockCard() {
	const clock = page.about.clock;

	return card('clock', 'Clock offset', clock.length > 0 ?
		clock.slice(0, 6).map(clockLine) : h('p', {class: 'quiet'},
			'It could not be estimated: too few pairs, or no ' +
			'times on one side.'),
		clock.length > 6 ? h('p', {class: 'quiet'}, 'and ' +
			plural(clock.length - 6, 'more piece')) : null);
}

/* The first of a list, the others folded. */
function folded(items, shown, what) {
	return [h('ul', {class: what}, items.slice(0, shown)),
		items.length > shown ? h('details', {}, h('summary', {},
			number(items.length - shown) + ' more'),
		h('ul', {class: what}, items.slice(shown))) : null];
}

function accountItem(entry) {
	const list = (entry.entries || []).map((e) => h('li', {},
		visible(e.text), e.count > 1 ? ' (' + number(e.count) + ')' :
			''));
	const text = [h('span', {class: 'num'}, number(entry.count)),
		h('span', {}, entry.what)];

	if (entry.more > 0)
		list.push(h('li', {}, 'and ' + number(entry.more) + ' more'));
	return list.length > 0 ? h('li', {}, h('details', {},
		h('summary', {}, text), h('ul', {class: 'which'}, list))) :
		h('li', {}, text);
}

function account(entries) {
	const losses = entries.filter((e) => LOSSES.has(e.name));
	const rest = entries.filter((e) => !LOSSES.has(e.name));

	return [
		losses.length > 0 ? [h('p', {class: 'loss'}, 'Not seen'),
			h('ul', {class: 'account losses'},
				losses.map(accountItem))] :
			h('p', {class: 'quiet'}, 'Nothing was left unseen.'),
		rest.length > 0 ? h('details', {class: 'was-read'},
			h('summary', {}, 'What was read'),
			h('ul', {class: 'account'}, rest.map(accountItem))) :
			null,
	];
}

function inputOf(title, side, entries) {
	return h('div', {class: 'input'},
		h('h3', {}, title, ' ', h('span', {class: 'quiet'},
			side.kind ? side.kind + ', ' : '',
			plural(side.sessions, 'session'))),
		folded(side.files.slice(0, 1000).map((f) =>
			h('li', {}, visible(f))), 3, 'files'),
		account(entries));
}

function inputsCard() {
	const a = page.about;

	if (!page.check)
		return card('inputs', 'Input, and what it could not show',
			inputOf('Files', a, a.accounts[0]));
	return card('inputs', 'Inputs, and what they could not show',
		h('div', {class: 'inputs'},
			inputOf('Left', a.left, a.accounts[0]),
			inputOf('Right', a.right, a.accounts[1])));
}

/* --- what was left out, what is odd ------------------------------------- */

function warnings() {
	const list = (page.about.warnings || []).map((w) => visible(w));

	if (list.length < 2)
		return list.map((w) => h('p', {class: 'notice'}, 'Warning: ' +
			w));
	return [h('details', {class: 'notice'}, h('summary', {},
		plural(list.length, 'warning') + ' about the input'),
	h('ul', {}, list.map((w) => h('li', {}, w))))];
}

function notices() {
	const all = page.all, out = [];

	if (all.rowsLeftOut > 0)
		out.push(number(all.rowsLeftOut) + ' sessions are not in ' +
			'this page, which holds 40 MB at most: those that ' +
			'agree are left out first. The totals count them.');
	if (all.firstLeftOut > 0)
		out.push('The transcripts of ' + number(all.firstLeftOut) +
			(page.check ? ' pairs that do not agree' :
				' sessions that failed') + ' are not in this ' +
			'page, which holds 40 MB at most. Their rows say ' +
			'where to look.');
	for (const n of page.about.notes || [])
		out.push(visible(n.text));
	return out.map((text) => h('p', {class: 'notice'}, text))
		.concat(warnings())
		.concat(all.usualLeftOut > 0 ? h('p', {class: 'left-out'},
			'The transcripts of ' + number(all.usualLeftOut) +
			(page.check ? ' pairs that agree' : ' sessions ' +
				'without failure') + ' are not in this page, ' +
			'to keep it below 20 MB; their rows say where they ' +
			'stand.') : []);
}

function showOverview() {
	document.title = titleText() + ' – smtpwire';
	byId('mode').textContent = page.about.mode + ' ' + page.about.version;
	byId('title').textContent = titleText();
	showVerdicts();
	byId('notices').replaceChildren(...[page.check ? outcomesLine() : null,
		...notices()].filter((e) => e));
	byId('cards').replaceChildren(...[kindsCard(),
		page.check ? clockCard() : outcomesCard(), inputsCard(),
		timelineCard()].filter((c) => c));
}

/* --- what is chosen ----------------------------------------------------- */

function chip(text, remove) {
	return h('button', {type: 'button', class: 'chip',
		'aria-label': 'Remove filter ' + text, on: {click: () => {
			remove();
			refresh();
		}}}, text, ' ', h('span', {'aria-hidden': 'true'}, '×'));
}

function chips() {
	const out = [];

	for (const v of chosen.verdicts)
		out.push(chip(VERDICTS[v][1],
			() => chosen.verdicts.delete(v)));
	for (const k of chosen.kinds)
		out.push(chip(page.about.kinds[k],
			() => chosen.kinds.delete(k)));
	for (const v of chosen.outcomes)
		out.push(chip(v || 'no message',
			() => chosen.outcomes.delete(v)));
	if (!isNaN(chosen.from))
		out.push(chip(rangeText(chosen.from, chosen.to), () => {
			chosen.from = chosen.to = NaN;
		}));
	if (isFiltered())
		out.push(h('button', {type: 'button', class: 'chip all',
			on: {click: clearFilters}}, 'Show all'));
	return out;
}

function showChoices() {
	for (const e of document.querySelectorAll('[data-verdict]'))
		e.setAttribute('aria-pressed',
			String(chosen.verdicts.has(Number(e.dataset.verdict))));
	for (const e of document.querySelectorAll('[data-set]'))
		e.setAttribute('aria-pressed', String(Array.from(
			chosen[e.dataset.set], String)
			.includes(e.dataset.value)));
	byId('chips').replaceChildren(...chips());
	byId('count').textContent = isFiltered() ? number(view.rows.length) +
		' of ' + plural(page.rows.count, 'session') :
		plural(page.rows.count, 'session');
	showRange();
}
