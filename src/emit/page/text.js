/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text.js - octets of strangers as text that shows what they are
 *
 * Nothing here or below makes markup of a string: elements are made one by
 * one, and strings become text nodes.
 */
'use strict';

/* Control characters, bidirectional and other invisible ones, as
 * base/escape.c has them. */
const UNSEEN = new RegExp('[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f' +
	'\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f' +
	'\\u2028-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0f\\ufeff' +
	'\\uffa0\\ufff0-\\ufffb\\u{1bca0}-\\u{1bca3}\\u{1d159}' +
	'\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}]', 'u');
/* Longer texts are cut where they are shown. */
const SHOWN_CHARACTERS = 2000;

function hex(v, digits) {
	return v.toString(16).padStart(digits, '0');
}

/* How an unseen character is written. */
function escapeOf(c) {
	const v = c.codePointAt(0);

	if (v < 0x20 || v === 0x7f)
		return '\\x' + hex(v, 2);
	return '\\u{' + hex(v, v > 0xffff ? 6 : 4) + '}';
}

/* A backslash that what follows would make look like an escape is doubled,
 * and the others of its run with it. */
function joinEscaped(items) {
	let out = '';

	for (let i = 0; i < items.length; i++) {
		let end = i;

		while (end < items.length && items[end] === '\\')
			end++;
		if (end > i) {
			const next = items[end] || '';
			const twice = next.length > 1 && next[0] === '\\' ||
				next === 'x' ||
				next === 'u' && items[end + 1] === '{';

			out += '\\'.repeat((end - i) * (twice ? 2 : 1));
			i = end - 1;
		} else {
			out += items[i];
		}
	}
	return out;
}

/* The string with all that cannot be seen made visible. */
function visible(s) {
	if (s === null || s === undefined)
		return '';
	s = String(s);
	if (!UNSEEN.test(s) && !s.includes('\\'))
		return s;
	return joinEscaped(Array.from(s, (c) =>
		UNSEEN.test(c) ? escapeOf(c) : c));
}

/* Octets as text: those that are no UTF-8 as \xNN. */
function visibleOctets(octets) {
	const strict = new TextDecoder('utf-8', {fatal: true,
		ignoreBOM: true});
	const items = [];

	for (let i = 0; i < octets.length;) {
		const c = octets[i];
		const len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		let text = null;

		try {
			text = strict.decode(octets.subarray(i, i + len));
		} catch (e) {
			text = null;
		}
		if (text === null || Array.from(text).length !== 1) {
			items.push('\\x' + hex(c, 2));
			i++;
		} else {
			items.push(UNSEEN.test(text) ? escapeOf(text) : text);
			i += len;
		}
	}
	return joinEscaped(items);
}

function octetsOfBase64(text) {
	const s = atob(text);
	const octets = new Uint8Array(s.length);

	for (let i = 0; i < s.length; i++)
		octets[i] = s.charCodeAt(i);
	return octets;
}

/* A line of the dialogue; base64: its octets, if it was no UTF-8. */
function lineText(line, base64) {
	return base64 ? visibleOctets(octetsOfBase64(base64)) : visible(line);
}

function shorten(s, max) {
	if (s.length <= max)
		return s;
	return s.slice(0, max) + ' [and ' + (s.length - max) + ' more]';
}

function plural(n, word) {
	return number(n) + ' ' + word + (n === 1 ? '' : 's');
}

/* 12345 as "12 345", with thin unbreakable blanks. */
function number(n) {
	return String(n).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/* An element.  attributes: `class`, `on` {event: function}, any other name;
 * children: elements, strings (text), or null. */
function h(tag, attributes, ...children) {
	const e = document.createElement(tag);

	for (const [name, v] of Object.entries(attributes || {})) {
		if (v === null || v === undefined || v === false)
			continue;
		if (name === 'on') {
			for (const [type, f] of Object.entries(v))
				e.addEventListener(type, f);
		} else {
			e.setAttribute(name, v === true ? '' : v);
		}
	}
	add(e, children);
	return e;
}

function add(e, children) {
	for (const c of children.flat(Infinity)) {
		if (c !== null && c !== undefined && c !== false)
			e.append(c);
	}
}

/* Elements of the first of a list, and how many more there are. */
function capped(list, most, make) {
	const out = list.slice(0, most).map(make);

	return list.length <= most ? out : out.concat(h('li', {class:
		'quiet'}, 'and ' + number(list.length - most) + ' more'));
}

const SVG = 'http://www.w3.org/2000/svg';

function svg(tag, attributes, ...children) {
	const e = document.createElementNS(SVG, tag);

	for (const [name, v] of Object.entries(attributes || {}))
		if (v !== null && v !== undefined)
			e.setAttribute(name, v);
	add(e, children);
	return e;
}

function byId(id) {
	return document.getElementById(id);
}
