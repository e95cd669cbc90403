/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session.js - one session or pair, opened over the table */

const opened = {at: -1, table: null, tab: 'talk', tabs: null};

/* --- facts -------------------------------------------------------------- */

function fact(name, ...value) {
	return value.some((v) => v) ? [h('dt', {}, name), h('dd', {}, value)] :
		[];
}

function encryptionText(e) {
	if (!e)
		return 'none';
	return (e.starttls ? 'STARTTLS, ' : 'from the start, ') +
		tlsName(e) +
		(e.cipher ? ', ' + visible(e.cipher) : '') +
		(e.decrypted ? '; goes on in clear' : '; opaque from there');
}

function authText(list) {
	return list.map((a) => visible(a.mechanism || '?') + (a.user ?
		' as ' + visible(a.user) : '') + (a.code === null ? '' :
		': ' + a.code)).join('; ');
}

/* What the record cannot tell: "can never differ". */
const RECORDS = ['client-address', 'client-port', 'server-address',
	'server-port', 'greeting', 'command', 'argument', 'reply-code',
	'reply-text', 'reply-lines', 'intermediate-replies', 'body',
	'body-size', 'close', 'times'];

function cannotText(s) {
	return RECORDS.filter((r) => !s.records.includes(r)).join(', ');
}

function tcpText(t) {
	if (!t)
		return '';
	const sent = (x, name) => name + ' ' + octetsText(x.octets) +
		(x.retransmitted ? ', ' + number(x.retransmitted) +
			' sent again' : '') + (x.unacked ? ', ' +
			number(x.unacked) + ' never acknowledged' : '');

	return plural(t.frames, 'frame') + '; ' + sent(t.client, 'client') +
		'; ' + sent(t.server, 'server') + (t.syn_rtt === null ? '' :
		'; round trip ' + secondsText(t.syn_rtt));
}

function facts(s, name) {
	const end = (e) => hostText(e.ip, e.port === null ? -1 : e.port,
		e.name);

	return h('section', {class: 'facts'}, h('h3', {}, name),
		h('dl', {}, fact('record', s.source ?
			visible(s.source.name) + ', ' +
			visible(s.source.format) : '', ' (by the ' +
			s.recorder + ')'),
		fact('client', end(s.client)), fact('server', end(s.server)),
		fact('start', visible(s.start || '')),
		fact('end', visible(s.end || '')),
		fact('ending', s.ending), fact('encryption',
			encryptionText(s.encryption)),
		fact('login', authText(s.auth)), fact('TCP', tcpText(s.tcp)),
		fact('cannot record', cannotText(s)), fact('id', s.id)),
		noteList(s));
}

function noteList(s) {
	if (s.notes.length === 0)
		return null;
	return h('ul', {class: 'notes'}, capped(s.notes, 200, (n) =>
		h('li', {class: n.severity}, h('b', {}, n.code), ' ',
			visible(n.text), n.at ? h('span', {class: 'quiet num'},
				' ' + (s.source ? s.source.unit : '') + ' ' +
				n.at[0]) : null)));
}

/* --- findings ----------------------------------------------------------- */

function quote(side, text) {
	return text === null ? null : h('div', {class: 'quote'},
		h('span', {class: 'quiet'}, side), h('code', {},
			shorten(visible(text), SHOWN_CHARACTERS)));
}

function rowOfFinding(t, f) {
	if (!t.rows)
		return -1;
	return t.rows.findIndex(([l, r]) => f.left_event &&
		l === f.left_event || !f.left_event && f.right_event &&
		r === f.right_event);
}

function findingItem(t, f) {
	const at = rowOfFinding(t, f);

	return h('li', {class: 'finding'},
		h('p', {class: 'finding-head'}, h('b', {}, f.kind),
			f.side ? ' (' + f.side + ')' : '',
			f.recipient !== null ? ' <' + visible(f.recipient) +
				'>' : '',
			f.message ? ' message ' + f.message : '',
			at >= 0 ? h('button', {type: 'button', class: 'plain',
				on: {click: () => {
					showTab('talk');
					opened.table.show(at);
				}}}, 'Show') : null),
		h('p', {}, visible(f.explanation)),
		quote('left', f.left_text), quote('right', f.right_text));
}

/* Names of undecided_by. */
const UNDECIDED = {
	'tls': 'TLS hides the dialogue of one side; what both have in clear ' +
		'was compared.',
	'gap': 'A capture lacks octets where the sides differ; the rest was ' +
		'compared.',
	'outside-capture': 'A capture has a part of this session only, ' +
		'which was compared.',
	'content-missing': 'A capture lacks octets of a message; its ' +
		'content was not compared.',
	'capture-ended': 'A capture ends right behind a reply: whether that ' +
		'arrived is not known.',
};

function undecided(t) {
	const by = t.pair && t.pair.verdict === 'undecidable' ?
		t.pair.undecided_by : [];

	return by.map((name) => h('p', {class: 'notice'}, UNDECIDED[name]));
}

function findings(t) {
	const list = t.pair ? t.pair.findings : [];

	if (list.length === 0)
		return null;
	return h('ul', {class: 'findings'}, capped(list, 200, (f) =>
		findingItem(t, f)));
}

/* --- messages ----------------------------------------------------------- */

function recipientText(r) {
	return visible(r.to) + ' – ' + r.status + (r.code === null ? '' :
		' ' + r.code + ' ' + visible(r.text || '')) + (r.final ?
		'; at last ' + r.final.status + ' ' + r.final.code : '');
}

function messageCard(m, name) {
	return h('section', {class: 'facts'}, h('h3', {}, name, ' message ' +
		m.n), h('dl', {}, fact('from', m.from === null ? '?' :
		'<' + visible(m.from) + '>'),
	fact('recipients', h('ul', {}, capped(m.recipients, 200, (r) =>
		h('li', {}, recipientText(r))))),
	fact('outcome', m.outcome, m.code === null ? '' : ': ' + m.code +
		' ' + visible(m.text || '')),
	fact('size', m.size === null ? '' : octetsText(m.size),
		m.missing ? ', ' + number(m.missing) + ' missing' : ''),
	fact('subject', visible(m.subject)),
	fact('header from', visible(m.header_from)),
	fact('header to', visible(m.header_to)),
	fact('date', visible(m.date)),
	fact('Message-ID', visible(m.message_id)),
	fact('queue id', visible(m.queue_id)),
	fact('sha256', m.sha256), fact('file', visible(m.file))));
}

function messages(t) {
	const all = [];

	for (const [s, name] of [[t.left, t.right ? 'left' : ''],
		[t.right, t.left ? 'right' : '']])
		for (const m of s ? s.messages : [])
			all.push([m, name]);
	all.sort((a, b) => a[0].n - b[0].n);
	return h('ul', {class: 'pair-cards'}, all.length > 0 ?
		capped(all, 200, ([m, name]) => h('li', {},
			messageCard(m, name))) :
		h('li', {class: 'quiet'}, 'No message.'));
}

/* --- tabs --------------------------------------------------------------- */

const TABS = [['talk', 'Transcript'], ['ladder', 'Ladder'],
	['mail', 'Messages'], ['facts', 'Connection'],
	['open', 'Open elsewhere']];

function showTab(name) {
	const lost = () => !byId('session').contains(document.activeElement);

	opened.tab = name;
	for (const [id] of TABS) {
		const on = id === name;

		byId('tab-' + id).setAttribute('aria-selected', String(on));
		byId('tab-' + id).tabIndex = on ? 0 : -1;
		byId('panel-' + id).hidden = !on;
		if (on && !byId('panel-' + id).hasChildNodes())
			byId('panel-' + id).append(opened.tabs[id]());
	}
	/* what had the focus may be hidden now, or be another tab */
	if (byId('session').open && (lost() ||
		document.activeElement.offsetParent === null ||
		document.activeElement.getAttribute('role') === 'tab'))
		byId('tab-' + name).focus();
}

function tabKey(event) {
	const at = TABS.findIndex(([id]) => id === opened.tab);
	const to = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0,
		End: TABS.length - 1}[event.key];

	if (to === undefined)
		return;
	showTab(TABS[(to + TABS.length) % TABS.length][0]);
	byId('tab-' + opened.tab).focus();
	event.preventDefault();
	event.stopPropagation();
}

function tabList() {
	return h('div', {class: 'tabs', role: 'tablist',
		on: {keydown: tabKey}}, TABS.map(([id, title], i) =>
		h('button', {type: 'button', role: 'tab', id: 'tab-' + id,
			'aria-controls': 'panel-' + id, on: {click: () =>
				showTab(id)}}, title, ' ', h('kbd', {},
			i + 1))));
}

function panels() {
	return TABS.map(([id]) => h('div', {role: 'tabpanel', hidden: true,
		id: 'panel-' + id, 'aria-labelledby': 'tab-' + id,
		class: 'panel'}));
}

/* --- the chosen event --------------------------------------------------- */

function showPlaces(t, row) {
	const [left, right] = row;

	byId('places').replaceChildren(...[left && t.left ?
		eventPlace(t.left, left, t.right ? 'left' : 'this event') :
		null, right && t.right ? eventPlace(t.right, right,
		t.left ? 'right' : 'this event') : null].filter((e) => e));
}

function talkPanel(t) {
	opened.table = transcriptTable(t, (row) => showPlaces(t, row));
	return h('div', {}, undecided(t), findings(t), opened.table.element,
		h('div', {id: 'places', class: 'places'},
			h('p', {class: 'quiet'}, 'Choose a row to see where ' +
				'it stands and how to open it.')));
}

function openPanel(t) {
	return h('div', {class: 'pair-cards'},
		t.left ? sessionPlaces(t.left, t.right ? 'Left' : 'Session') :
			null,
		t.right ? sessionPlaces(t.right, t.left ? 'Right' :
			'Session') : null);
}

function factsPanel(t) {
	return h('div', {class: 'pair-cards'},
		t.left ? facts(t.left, t.right ? 'Left' : 'Record') : null,
		t.right ? facts(t.right, t.left ? 'Right' : 'Record') : null);
}

/* --- a row without transcript ------------------------------------------- */

function absentSide(row, side, name) {
	const r = page.rows, file = r[side + 'File'][row];
	const first = r[side + 'First'][row], last = r[side + 'Last'][row];
	const unit = UNITS[r[side + 'Unit'][row]];

	if (!first || !file)
		return null;
	return h('section', {class: 'place'}, h('h3', {}, name),
		h('p', {class: 'file'}, visible(file), h('span',
			{class: 'quiet'}, ' ' + unit + 's ' + first + '–' +
			last)), stretchLines(unit, file, first, last),
		copyLine('This session again', 'smtpwire read --id ' +
			r[side + 'Id'][row] + ' ' + shellWord(file)));
}

function absent(row) {
	return h('div', {class: 'panel'}, h('p', {class: 'notice'},
		'The transcript is not in this page, to keep it small. ' +
		'It stands in:'), h('div', {class: 'pair-cards'},
		absentSide(row, 'left', page.check ? 'Left' : 'Session'),
		absentSide(row, 'right', 'Right')));
}

/* --- opening ------------------------------------------------------------ */

function pairedText(t) {
	return t && t.pair ? 'paired by ' + t.pair.paired_by.join(', ') +
		' (confidence ' + t.pair.confidence + ')' : '';
}

function sessionHead(row, at, t) {
	const r = page.rows, start = startOf(row);
	const step = (by, text, key) => h('button', {type: 'button',
		disabled: at + by < 0 || at + by >= view.rows.length,
		on: {click: () => openRow(at + by)}}, text, ' ',
	h('kbd', {}, key));

	return h('header', {class: 'session-head'},
		h('div', {class: 'session-line'}, badge(row),
			h('h2', {id: 'session-title', tabindex: -1},
				hostText(r.clientIp[row], r.clientPort[row],
					r.clientName[row]), ' → ',
				hostText(r.serverIp[row], r.serverPort[row],
					r.serverName[row]))),
		h('p', {class: 'quiet num'}, [start ?
			(dateText(start.ms, start.clock) + ' ' +
			dayText(start.ms, start.clock) +
			zoneText(start.clock)).trim() : '',
		pairedText(t), r.reason[row] || '', number(at + 1) + ' of ' +
			number(view.rows.length)].filter((s) => s)
			.join(' · ')),
		h('div', {class: 'session-tools'},
			step(-1, 'Previous', '['), step(1, 'Next', ']'),
			t && t.rows ? h('button', {type: 'button', on: {click:
				() => nextDifference(1)}}, 'Next difference ',
			h('kbd', {}, 'n')) : null,
			h('button', {type: 'button', class: 'close',
				on: {click: closeSession}}, 'Close ',
			h('kbd', {}, 'Esc'))));
}

/* The next row that a finding is about. */
function nextDifference(by) {
	const table = opened.table;
	let at;

	if (!table)
		return;
	at = table.chosen();
	if (at < 0 && by < 0)
		at = 0;
	for (let i = 0; i < table.rows.length; i++) {
		at = (at + by + table.rows.length) % table.rows.length;
		if (!table.rows[at][2])
			continue;
		showTab('talk');
		table.show(at);
		return;
	}
	toast('No row differs');
}

async function openRow(at) {
	const dialog = byId('session');
	let row, t;

	if (at < 0 || at >= view.rows.length)
		return;
	row = view.rows[at];
	opened.at = at;
	t = await transcript(row);
	if (opened.at !== at)
		return;
	opened.table = null;
	opened.tabs = t ? {talk: () => talkPanel(t), ladder: () => ladder(t),
		mail: () => messages(t), facts: () => factsPanel(t),
		open: () => openPanel(t)} : null;
	dialog.replaceChildren(...[sessionHead(row, at, t)].concat(t ?
		[tabList(), ...panels()] : [absent(row)]));
	if (t)
		showTab(opened.tab);
	if (!dialog.open)
		dialog.showModal();
	dialog.scrollTop = 0;
	byId('session-title').focus();
}

function closeSession() {
	byId('session').close();
}

function sessionKey(event) {
	const tab = TABS[Number(event.key) - 1];

	if (event.ctrlKey || event.altKey || event.metaKey)
		return;
	if (event.key === '[')
		openRow(opened.at - 1);
	else if (event.key === ']')
		openRow(opened.at + 1);
	else if (event.key === 'n' || event.key === 'p')
		nextDifference(event.key === 'n' ? 1 : -1);
	else if (tab && opened.tabs)
		showTab(tab[0]);
	else
		return;
	event.preventDefault();
}

function startSession() {
	const dialog = byId('session');

	dialog.addEventListener('close', () => {
		if (opened.at >= 0)
			move(opened.at);
		opened.at = -1;
		byId('grid').focus({preventScroll: true});
	});
	dialog.addEventListener('click', (event) => {
		if (event.target === dialog)
			closeSession();
	});
}
