/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.js - keys, light and dark, and the beginning */

const THEMES = ['auto', 'light', 'dark'];

function showTheme(name) {
	if (name === 'auto')
		delete document.documentElement.dataset.theme;
	else
		document.documentElement.dataset.theme = name;
	byId('theme').textContent = 'Theme: ' + name;
	byId('theme').dataset.name = name;
}

function keepTheme(name) {
	try {
		localStorage.setItem('smtpwire-theme', name);
	} catch (e) {
		/* a browser may keep nothing of a local file */
	}
}

function startTheme() {
	let name = 'auto';

	try {
		name = localStorage.getItem('smtpwire-theme') || 'auto';
	} catch (e) {
		name = 'auto';
	}
	showTheme(THEMES.includes(name) ? name : 'auto');
	byId('theme').addEventListener('click', nextTheme);
}

function nextTheme() {
	const now = THEMES.indexOf(byId('theme').dataset.name);
	const next = THEMES[(now + 1) % THEMES.length];

	showTheme(next);
	keepTheme(next);
}

const HELP = [
	['/', 'search'],
	['↑ ↓, j k', 'move in the table, or in a transcript'],
	['Page Up, Page Down, Home, End', 'move further'],
	['Enter', 'open the session'],
	['Esc', 'close it; clear search and filters'],
	['[ ]', 'the session before, the next one'],
	['n p', 'the next difference, the one before'],
	['1 to 5', 'transcript, ladder, messages, connection, elsewhere'],
	['t', 'light, dark, or as the system says'],
	['?', 'this'],
];

function showHelp() {
	const dialog = byId('keys');

	dialog.replaceChildren(h('h2', {id: 'keys-title'}, 'Keys'),
		h('dl', {class: 'help'}, HELP.map(([key, what]) =>
			[h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)])),
		h('button', {type: 'button', on: {click: () =>
			dialog.close()}}, 'Close ', h('kbd', {}, 'Esc')));
	dialog.showModal();
}

function pageKey(event) {
	const typing = event.target.tagName === 'INPUT';

	if (event.ctrlKey || event.altKey || event.metaKey)
		return;
	if (document.querySelector('dialog[open]')) {
		if (event.key === 't')
			nextTheme();
		else if (byId('session').open)
			sessionKey(event);
		return;
	}
	if (event.key === 'Escape') {
		if (isFiltered())
			clearFilters();
		byId('grid').focus({preventScroll: true});
	} else if (typing) {
		return;
	} else if (event.key === '/') {
		byId('search').focus();
		byId('search').select();
	} else if (event.key === '?') {
		showHelp();
	} else if (event.key === 't') {
		nextTheme();
	} else {
		return;
	}
	event.preventDefault();
}

function startSearch() {
	const search = byId('search');

	search.addEventListener('input', () => {
		setWords(search.value);
		table.active = 0;
		refresh();
	});
	search.addEventListener('keydown', (event) => {
		if (event.key !== 'Enter' && event.key !== 'ArrowDown')
			return;
		byId('grid').focus({preventScroll: true});
		move(table.active);
		event.preventDefault();
	});
}

function failed(error) {
	byId('title').textContent = 'This page could not be shown';
	byId('headline').textContent = String(error);
}

async function begin() {
	startTheme();
	byId('help').addEventListener('click', showHelp);
	document.addEventListener('keydown', pageKey);
	await load();
	showOverview();
	startTable();
	startSession();
	startSearch();
	refresh();
	document.documentElement.dataset.ready = 'true';
	/* what the first search needs, while nobody waits for it */
	setTimeout(haystack, 50);
}

begin().catch(failed);
