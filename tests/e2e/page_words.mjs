// SPDX-License-Identifier: GPL-2.0-or-later
// page_words.mjs - the first event of each session in a page's own words,
// without a browser
//
//	page_words.mjs PAGE
import fs from 'node:fs';
import vm from 'node:vm';

const BLOCK = /<script type="text\/plain" id="([^"]*)">([^<]*)<\/script>/g;
const html = fs.readFileSync(process.argv[2], 'utf8');
const blocks = new Map([...html.matchAll(BLOCK)].map((m) => [m[1], m[2]]));
const context = vm.createContext({
	document: {
		readyState: 'complete',
		getElementById: (id) => blocks.has(id) ?
			{textContent: blocks.get(id)} : null,
	},
	Blob, DecompressionStream, Response, atob, console,
});
const program = ['text.js', 'data.js', 'events.js'].map((name) =>
	fs.readFileSync('src/emit/page/' + name, 'utf8')).join('\n');

await vm.runInContext(program + `
(async () => {
	await load();
	for (let row = 0; row < page.rows.count; row++)
		console.log(eventLines((await transcript(row))
			.left.events[0])[0]);
})()`, context);
