// SPDX-License-Identifier: GPL-2.0-or-later
// page.mjs - how quick a page of `check -f html` is, in headless Chromium
//
//	node page.mjs PLAYWRIGHT-FOLDER CHROMIUM PAGE [RUNS]
//
// Prints one JSON object of medians in ms: until the table is painted (from
// the start of the navigation), until a search, a filter, an order by a column
// and a step through the table are painted, until a session is open.
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

const [folder, executablePath, file, runs = '5'] = process.argv.slice(2);
const {chromium} = createRequire(folder + '/')('playwright-core');

const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

// In the page: ms from the call of `act` until its effect is painted.
async function painted(act) {
	const begin = performance.now();

	await act();
	await new Promise((done) => requestAnimationFrame(() => {
		const channel = new MessageChannel();

		channel.port1.onmessage = done;
		channel.port2.postMessage(0);
	}));
	return performance.now() - begin;
}

async function measure(browser) {
	const page = await browser.newPage({viewport: {width: 1280,
		height: 800}});
	const out = {};

	await page.addInitScript('window.painted = ' + painted.toString());
	await page.goto(pathToFileURL(file).href, {waitUntil: 'commit'});
	await page.waitForFunction(() =>
		document.documentElement.dataset.ready === 'true');
	out.first_view = await page.evaluate(() =>
		painted(() => {}).then(() => performance.now()));
	await page.waitForLoadState('load');
	out.loaded = await page.evaluate(() => performance.timing.loadEventEnd -
		performance.timing.navigationStart);
	await page.waitForTimeout(400);
	out.search = await page.evaluate(() => painted(() => {
		const e = document.getElementById('search');

		e.value = 'person17 budget';
		e.dispatchEvent(new Event('input'));
	}));
	out.search_none = await page.evaluate(() => painted(() => {
		const e = document.getElementById('search');

		e.value = 'no such thing';
		e.dispatchEvent(new Event('input'));
	}));
	out.all = await page.evaluate(() => painted(() => {
		const e = document.getElementById('search');

		e.value = '';
		e.dispatchEvent(new Event('input'));
	}));
	out.kind = await page.evaluate(() => painted(() =>
		document.querySelector('[data-verdict="1"]').click()));
	out.open = await page.evaluate(() => painted(async () => {
		document.querySelector('#grid .row').click();
		while (!document.querySelector('#session[open]'))
			await new Promise((done) => setTimeout(done, 1));
	}));
	await page.keyboard.press('Escape');
	await page.evaluate(() => document.querySelector(
		'[data-verdict="1"]').click());
	out.sort = await page.evaluate(() => painted(() =>
		document.querySelector('[data-column="client"]').click()));
	out.scroll = await page.evaluate(() => painted(() =>
		window.scrollTo(0, 1000000)));
	await page.close();
	return out;
}

const browser = await chromium.launch({executablePath,
	args: ['--no-sandbox']});
const all = [];

for (let i = 0; i < Number(runs); i++)
	all.push(await measure(browser));
await browser.close();
console.log(JSON.stringify(Object.fromEntries(Object.keys(all[0]).map((k) =>
	[k, Math.round(median(all.map((m) => m[k])) * 10) / 10]))));
