// SPDX-License-Identifier: GPL-2.0-or-later
// page.mjs - the page of -f html in headless Chromium
//
//	node page.mjs PLAYWRIGHT-FOLDER CHROMIUM SCREENSHOTS
//
// Makes pages with the command, then does what a person would do, by mouse and
// by keyboard.  Screenshots are left in SCREENSHOTS, to be looked at.
import {execFileSync, spawnSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {resolve} from 'node:path';
import {pathToFileURL} from 'node:url';

const [folder, executablePath, shots] = process.argv.slice(2);
const {chromium} = createRequire(resolve(folder) + '/')(
	'playwright-core');
const program = process.env.SMTPWIRE, tmp = process.env.TMP;
// ms; a busy machine may be slow.
const PATIENCE = 120000;

function told(name, good, why) {
	console.log(good ? 'ok ' + name : 'not ok ' + name + ': ' +
		String(why).split('\n')[0]);
}

function is(name, want, got) {
	told(name, JSON.stringify(want) === JSON.stringify(got),
		'expected ' + JSON.stringify(want) + ', not ' +
		JSON.stringify(got));
}

// --- pages ------------------------------------------------------------------

function sessions(path) {
	return execFileSync(program, ['read', '-q', '-f', 'jsonl', path])
		.toString().trim().split('\n').map((s) => JSON.parse(s));
}

function makePage(name, args) {
	const path = tmp + '/' + name;
	const p = spawnSync(program, args.concat('-f', 'html', '-o', path));

	if (p.status > 1)
		throw new Error(p.stderr.toString());
	return path;
}

// Two pairs that agree, one that differs, one session on the right alone.
function checkPage() {
	const log = readFileSync('pcaps/exim-plain.server.log', 'latin1');
	const changed = readFileSync('pcaps/postfix-plain.server.log',
		'latin1').replace('250 2.1.5 Ok', '550 5.1.1 No');

	writeFileSync(tmp + '/mail.log', changed, 'latin1');
	writeFileSync(tmp + '/exim.log', log, 'latin1');
	return makePage('check.html', ['check', tmp + '/mail.log',
		tmp + '/exim.log', '--vs', 'pcaps/postfix-plain.pcap',
		'pcaps/exim-plain.pcap', 'pcaps/postfix-refusals.pcap']);
}

const HOSTILE = '</script><script>window.hacked = 1</script>' +
	'<img src=x onerror="window.hacked = 2">"\'`<!--${1}-->\u202eabc' +
	'\u2066\u2028\u0007\u200b\\x41\u115f\u1160\u17b4\u180b\u2800\u3164' +
	'\ufe00\ufe0f\uffa0\ufff0\u{1bca0}\u{1d17a}\u{e0041}';
const SHOWN = '</script><script>window.hacked = 1</script>' +
	'<img src=x onerror="window.hacked = 2">"\'`<!--${1}-->\\u{202e}abc' +
	'\\u{2066}\\u{2028}\\x07\\u{200b}\\\\x41\\u{115f}\\u{1160}' +
	'\\u{17b4}\\u{180b}\\u{2800}\\u{3164}\\u{fe00}\\u{fe0f}' +
	'\\u{ffa0}\\u{fff0}\\u{01bca0}\\u{01d17a}\\u{0e0041}';

// All that a stranger may say, says it.
function hostilePage() {
	const s = sessions('pcaps/postfix-plain.pcap')[0];
	const m = s.messages[0], evil = HOSTILE;

	for (const o of [m, s.client, s.server, s.source, s.source.parts[0]])
		for (const key of ['subject', 'from', 'message_id', 'queue_id',
			'header_from', 'header_to', 'text', 'name'])
			if (key in o)
				o[key] = evil;
	s.client.ip = evil;
	m.recipients[0].to = evil;
	m.recipients[0].text = evil;
	for (const e of s.events) {
		if (e.kind === 'reply')
			e.lines = [evil, evil];
		if (e.kind === 'command')
			e.argument = e.line = evil;
	}
	s.notes.push({code: 'not-smtp', severity: 'warning', text: evil,
		event: null, at: null});
	writeFileSync(tmp + '/<img src=x onerror=alert(1)>\u202e.jsonl',
		JSON.stringify(s) + '\n');
	return makePage('hostile.html', ['read', '-q',
		tmp + '/<img src=x onerror=alert(1)>\u202e.jsonl']);
}

// Enough that not all rows can be on the screen.
function manyPage(count) {
	execFileSync('python3', ['tests/bench/sides.py', program,
		String(count), tmp + '/l.jsonl', tmp + '/r.jsonl']);
	return makePage('many.html', ['check', tmp + '/l.jsonl',
		tmp + '/r.jsonl']);
}

// --- the browser ------------------------------------------------------------

const noise = {requests: [], errors: []};

async function open(browser, path, options) {
	const context = await browser.newContext({
		viewport: {width: 1280, height: 800}, ...options});
	const page = await context.newPage();

	page.setDefaultTimeout(PATIENCE);
	page.on('request', (r) => noise.requests.push(r.url()));
	page.on('pageerror', (e) => noise.errors.push(e.message));
	page.on('console', (m) => noise.errors.push(m.text()));
	page.on('dialog', (d) => {
		noise.errors.push('dialog ' + d.message());
		d.dismiss();
	});
	await context.setOffline(true);
	await page.goto(pathToFileURL(path).href);
	await page.waitForFunction(() =>
		document.documentElement.dataset.ready === 'true');
	return page;
}

const shot = (page, name) => page.screenshot(
	{path: shots + '/' + name + '.png'});
const text = (page, selector) => page.locator(selector).first().innerText();
const rows = (page) => page.locator('#grid .row').count();

// By the key; the page hears of it a moment later.
async function closeSession(page) {
	await page.keyboard.press('Escape');
	await page.waitForFunction(() => opened.at < 0);
}

// Contrast of an element's text to what it stands on, as WCAG has it.
function contrasts(selectors) {
	const rgb = (s) => s.match(/[\d.]+/g).map(Number);
	const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
		.map((v) => v <= .04045 ? v / 12.92 :
			((v + .055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
	const ground = (e) => {
		for (; e; e = e.parentElement) {
			const c = rgb(getComputedStyle(e).backgroundColor);

			if (c.length < 4 || c[3] === 1)
				return c;
		}
		return [255, 255, 255];
	};

	return selectors.flatMap((selector) => Array.from(
		document.querySelectorAll(selector)).slice(0, 5)
		.filter((e) => e.offsetParent !== null).map((e) => {
			const a = light(rgb(getComputedStyle(e).color));
			const b = light(ground(e));

			return [selector, (Math.max(a, b) + .05) /
				(Math.min(a, b) + .05)];
		})).filter(([, ratio]) => ratio < 4.5)
		.map(([selector, ratio]) => selector + ' ' +
			ratio.toFixed(2));
}

// --- what is done -----------------------------------------------------------

async function overview(page) {
	is('page-headline', '1 of 4 pairs differs',
		await text(page, '#headline'));
	is('page-differ', '1', await text(page, '[data-verdict="1"] .tile-n'));
	is('page-agree', '3', await text(page, '[data-verdict="0"] .tile-n'));
	is('page-only', '12, 0', (await text(page, '[data-verdict="4"]'))
		.match(/\d+/g).join(', '));
	is('page-kind', 'reply-code-changed',
		await text(page, '.kind .kind-name'));
	told('page-clock', /s$/.test(await text(page, '#clock .big')),
		await text(page, '#clock'));
	told('page-inputs', (await text(page, '#inputs'))
		.includes('postfix-refusals.pcap'), 'a file is not named');
	told('page-account', /sessions/.test(await page.locator(
		'#inputs .was-read').first().textContent()), 'no account');
	told('page-timeline', await page.locator('#timeline path.all')
		.count() === 2, 'not two lanes');
}

async function filters(page) {
	const all = await rows(page);

	await page.click('[data-verdict="1"]');
	is('page-filter-verdict', 1, await rows(page));
	is('page-pressed', 'true', await page.getAttribute(
		'[data-verdict="1"]', 'aria-pressed'));
	await page.click('.chip.all');
	is('page-filter-cleared', all, await rows(page));
	const accepted = Number(await text(page, '[data-value="accepted"] b'));

	await page.click('[data-value="accepted"]');
	is('page-filter-outcome', accepted, await rows(page));
	await page.keyboard.press('Escape');
	await page.click('.kind');
	is('page-filter-kind', 1, await rows(page));
	await page.keyboard.press('Escape');
	is('page-escape-clears', all, await rows(page));
	await page.keyboard.press('/');
	await page.keyboard.type('SMTP.example 192.0.2.10');
	told('page-search', await rows(page) <= all, 'more than before');
	await page.fill('#search', 'bob@example.org test');
	told('page-search-words', await rows(page) > 0, 'nothing is found');
	await page.fill('#search', 'nobody at all');
	is('page-search-none', 0, await rows(page));
	told('page-search-said', (await text(page, '#empty'))
		.includes('No session'), 'nothing is said');
	await page.keyboard.press('Escape');
	is('page-search-cleared', all, await rows(page));
}

async function sorting(page) {
	const starts = () => page.locator('#grid .c-client').allInnerTexts();

	told('page-differ-first', (await text(page, '#grid .row'))
		.includes('differs'), await text(page, '#grid .row'));
	const before = await starts();

	await page.click('[data-column="client"]');
	const up = await starts();

	await page.click('[data-column="client"]');
	const down = await starts();

	told('page-sort', JSON.stringify(up) !== JSON.stringify(down),
		'up is down');
	told('page-sort-named', (await page.getAttribute(
		'[data-column="client"]', 'aria-label')).includes('descending'),
	'the order is not named');
	await page.click('[data-column="client"]');
	is('page-sort-off', before, await starts());
}

async function differing(page) {
	await page.click('[data-verdict="1"]');
	await page.focus('#grid');
	await page.keyboard.press('Enter');
	await page.waitForSelector('#session[open]');
	is('page-found-rows', 1, await page.locator('tr.found').count());
	is('page-found-mark', '≠', (await page.locator('tr.found td.mark')
		.first().evaluate((e) => e.firstChild.data)));
	is('page-marked', ['550 5.1.1 No', '250 2.1.5 Ok'], await page
		.locator('tr.found .t').allInnerTexts());
	told('page-marked-part', await page.locator('tr.found mark')
		.count() === 2, 'no text is marked');
	told('page-explained', (await text(page, '.finding'))
		.includes('reply-code-changed'), 'no finding');
	await page.keyboard.press('n');
	is('page-next-difference', 1, await page.locator(
		'tr.found.chosen').count());
	told('page-places', /tshark -r pcaps\/postfix-plain\.pcap -Y 'frame/
		.test(await text(page, '#places')) && (await text(page,
		'#places')).includes('mail.log:'), await text(page, '#places'));
	await page.keyboard.press('ArrowDown');
	is('page-arrow-in-talk', 0, await page.locator('tr.found.chosen')
		.count());
	await page.keyboard.press('n');
	await shot(page, 'transcript');
}

async function tabs(page) {
	await page.keyboard.press('2');
	told('page-ladder', await page.locator('svg.ladder .step').count() > 10,
		'too few steps');
	is('page-ladder-found', 1, await page.locator(
		'svg.ladder .step.found').count());
	is('page-ladder-lines', ['client', 'right', 'left', 'server'],
		await page.locator('svg.ladder .life-name').allTextContents());
	told('page-ladder-order', (await page.locator(
		'svg.ladder .step .moment:not(.other)').allTextContents())
		.filter((s) => s).every((s, i, all) => i === 0 ||
			Number(s) >= Number(all[i - 1])), 'times run back');
	/* the wire's clock has microseconds, the log's whole seconds */
	const moments = (style) => page.locator('svg.ladder .step ' + style)
		.allTextContents();
	told('page-ladder-clocks', (await moments('.moment:not(.other)'))
		.filter((s) => s).every((s) => /^\d+\.\d{3}$/.test(s)) &&
		(await moments('.other')).filter((s) => s).length > 5 &&
		(await moments('.other')).every((s) => /^\d*$/.test(s)),
	await moments('.moment'));
	await shot(page, 'ladder');
	await page.keyboard.press('3');
	told('page-messages', (await text(page, '#panel-mail'))
		.includes('alice@example.net'), 'no sender');
	await page.keyboard.press('4');
	told('page-facts', (await text(page, '#panel-facts'))
		.includes('cannot record'), 'no facts');
	await shot(page, 'connection');
	await page.focus('#tab-facts');
	await page.keyboard.press('ArrowRight');
	told('page-open', /wireshark -r/.test(await text(page,
		'#panel-open')), 'no command');
	await shot(page, 'elsewhere');
	await closeSession(page);
	is('page-closed', 0, await page.locator('#session[open]').count());
	is('page-focus-back', 'grid', await page.evaluate(() =>
		document.activeElement.id));
	await page.keyboard.press('Escape');
}

async function keys(page) {
	await page.keyboard.press('?');
	await page.waitForSelector('#keys[open]');
	await page.keyboard.press('Escape');
	is('page-help-closed', 0, await page.locator('#keys[open]').count());
	await page.evaluate(() => document.activeElement.blur());
	const order = [];

	for (let i = 0; i < 60; i++) {
		await page.keyboard.press('Tab');
		order.push(await page.evaluate(() =>
			document.activeElement.id ||
			document.activeElement.className ||
			document.activeElement.tagName));
		if (order[order.length - 1] === 'grid')
			break;
	}
	told('page-tab-order', order.indexOf('theme') >= 0 &&
		order.indexOf('theme') < order.indexOf('search') &&
		order.indexOf('search') < order.indexOf('grid'), order);
	await page.keyboard.press('ArrowDown');
	is('page-active', 'row-1', await page.getAttribute('#grid',
		'aria-activedescendant'));
	await page.keyboard.press('End');
	is('page-active-last', 'row-' + (await rows(page) - 1),
		await page.getAttribute('#grid', 'aria-activedescendant'));
	await page.keyboard.press('Home');
	await page.focus('#timeline-plot');
	await page.keyboard.press('Enter');
	told('page-range', /of \d+ sessions/.test(await text(page, '#count')),
		await text(page, '#count'));
	await page.keyboard.press('Escape');
}

const TEXTS = ['.quiet', '.headline', '.badge', '.tile-name', '.mark',
	'.kind-what', '.kind-name', '.loss', 'summary', '.count', '.notice',
	'.row.head button', '.plot-axis span', '.tone-bad .t', '.tone-odd .t',
	'.finding p', 'tr.found .t', 'tr.chosen .t', 'tr.found mark', '.flags',
	'.chip', '.copy-what', '.copy code', 'th', 'kbd', '.tabs button'];

// The browser writes what a page keeps when it has time to.
async function until(holds) {
	const end = Date.now() + PATIENCE;

	while (!await holds())
		if (Date.now() > end)
			return false;
	return true;
}

async function themes(browser, path) {
	for (const colorScheme of ['light', 'dark']) {
		const page = await open(browser, path, {colorScheme});

		await shot(page, 'overview-' + colorScheme);
		await page.click('[data-verdict="1"]');
		is('page-contrast-' + colorScheme, [],
			await page.evaluate(contrasts, TEXTS));
		await page.focus('#grid');
		await page.keyboard.press('Enter');
		await page.waitForSelector('#session[open]');
		await page.keyboard.press('n');
		await shot(page, 'transcript-' + colorScheme);
		is('page-contrast-open-' + colorScheme, [],
			await page.evaluate(contrasts, TEXTS));
		await page.keyboard.press('2');
		await shot(page, 'ladder-' + colorScheme);
		await page.context().close();
	}
	const page = await open(browser, path, {colorScheme: 'light'});
	const ground = () => page.evaluate(() =>
		getComputedStyle(document.body).backgroundColor);
	const light = await ground();

	is('page-theme-none-kept', null, await page.evaluate(() =>
		localStorage.getItem('smtpwire-theme')));
	await page.click('#theme');
	is('page-theme-light', light, await ground());
	await page.keyboard.press('t');
	told('page-theme-dark', await ground() !== light, 'it stays light');
	told('page-theme-kept', await until(async () => {
		await page.reload();
		await page.waitForFunction(() =>
			document.documentElement.dataset.ready === 'true');
		return await ground() !== light;
	}), 'it is forgotten');
	await page.context().close();
}

async function widths(browser, path) {
	for (const [width, height] of [[1000, 700], [400, 800]]) {
		const page = await open(browser, path,
			{viewport: {width, height}});

		await shot(page, 'width-' + width);
		is('page-no-sideways-' + width, true, await page.evaluate(() =>
			document.documentElement.scrollWidth <=
			window.innerWidth));
		await page.locator('#grid').scrollIntoViewIfNeeded();
		await shot(page, 'width-' + width + '-table');
		await page.click('#grid .row');
		await page.waitForSelector('#session[open]');
		await shot(page, 'width-' + width + '-session');
		await page.context().close();
	}
}

async function hostile(browser) {
	const page = await open(browser, hostilePage());

	told('page-hostile-row', (await page.locator('#grid .row').first()
		.textContent()).includes(SHOWN), await page.locator(
		'#grid .row').first().textContent());
	told('page-hostile-file', (await text(page, '#inputs')).includes(
		'<img src=x onerror=alert(1)>\\u{202e}.jsonl'),
	await text(page, '#inputs'));
	await shot(page, 'hostile');
	await page.click('#grid .row');
	await page.waitForSelector('#session[open]');
	for (const [key, panel] of [['1', 'talk'], ['2', 'ladder'],
		['3', 'mail'], ['4', 'facts'], ['5', 'open']]) {
		await page.keyboard.press(key);
		told('page-hostile-' + panel, (await page.locator('#panel-' +
			panel).textContent()).includes(panel === 'ladder' ?
			SHOWN.slice(0, 60) : panel === 'open' ?
			'window.hacked' : SHOWN), (await page.locator(
			'#panel-' + panel).textContent()).slice(0, 200));
	}
	await shot(page, 'hostile-open');
	is('page-not-hacked', null, await page.evaluate(() =>
		window.hacked === undefined ? null : window.hacked));
	is('page-no-elements', 0, await page.locator('img').count());
	is('page-one-program', 1, await page.evaluate(() =>
		Array.from(document.scripts).filter((s) => !s.type).length));
	// what is copied is safe in a shell
	const command = await page.locator('.copy code').evaluateAll((all) =>
		all.map((e) => e.textContent).filter((s) =>
			s.startsWith('tshark'))[0]);

	is('page-shell-word', HOSTILE.replace(/\u2028/, '\u2028'),
		execFileSync('bash', ['-c', command.replace('tshark',
			'printf %s').replace(/ -r | -Y .*/g, (s) =>
			s === ' -r ' ? ' ' : '')]).toString());
	await page.context().close();
}

// What is not in a page is told, and where else it stands.
async function leftOut(browser, path) {
	const page = await open(browser, path);

	await page.evaluate('page.all.firstLeftOut = 410; ' +
		'page.all.usualLeftOut = 3; page.all.rowsLeftOut = 5; ' +
		'page.all.firstChunks = 0; showOverview()');
	const notices = await text(page, '#notices');

	told('page-left-out', /transcripts of 410 pairs/.test(notices) &&
		/\b5 sessions are not in/.test(notices) &&
		/transcripts of 3 pairs that agree/.test(notices), notices);
	await page.click('#grid .row');
	await page.waitForSelector('#session[open]');
	const told1 = await text(page, '#session .panel');

	told('page-absent', told1.includes('is not in this page') &&
		/sed -n '3,257p' .*mail\.log/.test(told1) &&
		/tshark -r pcaps\/postfix-plain\.pcap -Y/.test(told1), told1);
	await page.context().close();
}

async function copying(browser, path) {
	const page = await open(browser, path);

	await page.context().grantPermissions(['clipboard-read',
		'clipboard-write']);
	await page.click('#grid .row');
	await page.waitForSelector('#session[open]');
	await page.keyboard.press('5');
	// it is shown for a moment only
	await page.evaluate(() => new MutationObserver(([{target}]) => {
		if (target.classList.contains('on'))
			window.toasted = target.textContent;
	}).observe(document.querySelector('#toast'),
		{attributeFilter: ['class']}));
	await page.click('#panel-open .copy button');
	await page.waitForFunction(() => window.toasted);
	is('page-toast', 'Copied', await page.evaluate(() => window.toasted));
	is('page-copied', tmp + '/mail.log:3', await page.evaluate(() =>
		navigator.clipboard.readText()));
	await page.context().close();
}

// A table of which most is not on the screen.
async function many(browser) {
	const page = await open(browser, manyPage(3000));
	const lines = () => page.locator('#grid .row .c-client .line')
		.allInnerTexts();

	is('page-many', '3 000 sessions', (await text(page, '#count'))
		.replace(/\u202f/g, ' '));
	told('page-few-elements', await rows(page) < 60, await rows(page));
	await page.focus('#grid');
	await page.keyboard.press('End');
	await page.waitForFunction(() => document.querySelector('#row-2999'));
	told('page-scrolled', await rows(page) < 60, await rows(page));
	await shot(page, 'many-end');
	await page.keyboard.press('Home');
	await page.waitForFunction(() => document.querySelector('#row-0'));
	// so high that no browser has such elements: scrolled by steps
	await page.evaluate("document.documentElement.style.setProperty(" +
		"'--row', '4100px'); showTable()");
	await page.focus('#grid');
	await page.keyboard.press('End');
	await page.waitForFunction(() => document.querySelector('#row-2999'));
	const bottom = await page.evaluate(() => window.innerHeight -
		document.querySelector('#row-2999').getBoundingClientRect()
			.bottom);

	told('page-high-end', bottom >= 0 && bottom < 60, bottom);
	await page.keyboard.press('Home');
	await page.waitForFunction(() => document.querySelector('#row-0'));
	told('page-high-begin', await page.evaluate(() =>
		document.querySelector('#row-0').getBoundingClientRect().top >=
		document.querySelector('#head').getBoundingClientRect().bottom -
		2), 'it is hidden');
	await page.evaluate("document.documentElement.style.removeProperty(" +
		"'--row'); showTable()");
	await page.keyboard.press('/');
	await page.keyboard.type('host17.example.net');
	await page.waitForFunction(() => document.querySelectorAll(
		'#grid .row').length === 1);
	told('page-many-search', (await lines())[0].includes('host17.'),
		await lines());
	await page.keyboard.press('Enter');
	await page.keyboard.press('Enter');
	await page.waitForSelector('#session[open]');
	told('page-many-open', (await text(page, '#session-title'))
		.includes('host17.'), await text(page, '#session-title'));
	await closeSession(page);
	await page.keyboard.press('Escape');
	await page.click('[data-verdict="1"]');
	is('page-many-differ', '30 of 3 000 sessions', (await text(page,
		'#count')).replace(/\u202f/g, ' '));
	await shot(page, 'many');
	await page.context().close();
}

async function reading(browser) {
	const page = await open(browser, makePage('read.html', ['read', '-q',
		'pcaps/postfix-plain.pcap', 'pcaps/postfix-refusals.pcap',
		'pcaps/postfix-bare.pcap']));

	told('page-read-headline', /^\d+ of \d+ sessions failed$/.test(
		await text(page, '#headline')), await text(page, '#headline'));
	await shot(page, 'read');
	const rejected = Number(await text(page, '[data-value="rejected"] ' +
		'.kind-n'));

	await page.click('[data-value="rejected"]');
	is('page-read-outcome', rejected + ' of', (await text(page,
		'#count')).split(' ').slice(0, 2).join(' '));
	await page.click('[data-value="rejected"]');
	await page.click('[data-verdict="6"]');
	await page.click('#grid .row');
	await page.waitForSelector('#session[open]');
	told('page-read-talk', await page.locator('table.talk tbody tr')
		.count() > 3, 'no transcript');
	is('page-read-one-side', 0, await page.locator('table.talk.both')
		.count());
	await shot(page, 'read-transcript');
	await page.keyboard.press('2');
	is('page-read-ladder', ['client', 'record', 'server'], await page
		.locator('svg.ladder .life-name').allTextContents());
	await shot(page, 'read-ladder');
	await page.context().close();
}

async function step(name, act) {
	try {
		await act();
	} catch (e) {
		told(name, false, e.message);
	}
}

// One side is a client's transcript, which has no times.
async function timeless(browser) {
	const page = await open(browser, makePage('timeless.html', ['check',
		'pcaps/exim-plain.client.log', 'pcaps/exim-plain.pcap']));

	told('page-timeless', (await text(page, '#timeline')).includes(
		'sessions of the left side bear no times'),
	await text(page, '#timeline'));
	await page.context().close();
}

// TLS hides what a log tells.
async function undecided(browser) {
	const page = await open(browser, makePage('undecided.html', ['check',
		'pcaps/postfix-starttls.server.log',
		'pcaps/postfix-starttls.pcap']));

	await page.click('[data-verdict="2"]');
	await page.focus('#grid');
	await page.keyboard.press('Enter');
	await page.waitForSelector('#session[open]');
	told('page-undecided', (await text(page, '#panel-talk')).includes(
		'TLS hides the dialogue of one side'),
	await text(page, '#panel-talk'));
	await page.context().close();
}

// What is known of the encryption, in words.
async function encryption(browser) {
	const facts = async (name, args) => {
		const page = await open(browser, makePage(name,
			['read', '-q', '--any-port'].concat(args)));

		await page.click('#grid .row');
		await page.waitForSelector('#session[open]');
		const talk = await text(page, '#panel-talk');

		await page.click('#tab-facts');
		const found = (await text(page, '#panel-facts')).replace(
			/[^]*encryption\s*/i, '').split('\n')[0];

		await page.context().close();
		return [found, talk];
	};

	execFileSync('python3', ['tests/cases/build.py', '-o', tmp,
		'tests/cases/c04-neither.case']);
	const [neither, talk] = await facts('neither.html',
		[tmp + '/c04-neither.pcap']);

	is('page-no-tls', 'STARTTLS, octets that are not SMTP; ' +
		'opaque from there', neither);
	told('page-no-tls-talk', talk.includes(
		'octets that are not SMTP: 91 octets from the client'), talk);
	is('page-tls-of-no-version', 'STARTTLS, TLS of an unknown version; ' +
		'opaque from there', (await facts('log.html',
		['pcaps/opensmtpd-starttls.server.log']))[0]);
	is('page-tls', 'STARTTLS, TLS 1.3, TLS_AES_256_GCM_SHA384; ' +
		'opaque from there', (await facts('tls.html',
		['pcaps/postfix-starttls.pcap']))[0]);
}

const browser = await chromium.launch({executablePath,
	timeout: PATIENCE, args: ['--no-sandbox']});
const path = checkPage();
const page = await open(browser, path);

for (const act of [overview, filters, sorting, differing, tabs, keys])
	await step('page-' + act.name, () => act(page));
await page.context().close();
await step('page-themes', () => themes(browser, path));
await step('page-widths', () => widths(browser, path));
await step('page-left-out', () => leftOut(browser, path));
await step('page-copying', () => copying(browser, path));
await step('page-hostile', () => hostile(browser));
await step('page-many', () => many(browser));
await step('page-timeless', () => timeless(browser));
await step('page-undecided', () => undecided(browser));
await step('page-encryption', () => encryption(browser));
await step('page-read', () => reading(browser));
is('page-no-errors', [], noise.errors);
is('page-no-network', [], noise.requests.filter((u) =>
	!u.startsWith('file://' + tmp)));
await browser.close();
