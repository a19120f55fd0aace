// The official TypeScript SDK as a client of the fake service. The argument is the command that has serve.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

import Anthropic from '@anthropic-ai/sdk';

const key = 'sk-ant-fake-key';

// serve starts the service and returns it with its URL, once it reports that it is ready.
async function serve(command) {
  const service = spawn(command, ['serve', '--addr', '127.0.0.1:0', '--duration', '1s', '--key', key], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let url;
  let ready = false;
  for await (const line of createInterface({ input: service.stdout })) {
    url ??= line.match(/http:\/\/[\w.:]+/)?.[0];
    ready ||= /ready/i.test(line);
    if (url && ready) {
      service.stdout.resume();
      return { service, url };
    }
  }
  throw new Error('the service ended before it was ready');
}

// connect returns the batch methods of a client that records its calls and does not retry. The calls have the header.
const calls = [];
function connect(url, options, header = 'authorization') {
  const note = async (input, init) => {
    assert.ok(new Headers(init.headers).has(header), `${header} is not sent`);
    const response = await fetch(input, init);
    const path = String(input).replace(url, '').replace(/msgbatch_\w+/g, 'ID');
    calls.push(`${init.method.toUpperCase()} ${path} ${response.status}`);
    return response;
  };
  return new Anthropic({ apiKey: key, baseURL: url, maxRetries: 0, fetch: note, ...options }).beta.messages.batches;
}

const greeting = (id) => ({
  custom_id: id,
  params: { model: 'claude-opus-5', max_tokens: 1024, messages: [{ role: 'user', content: `Hello from ${id}` }] },
});

// ended waits for the end of a batch.
async function ended(batches, id) {
  for (;;) {
    const batch = await batches.retrieve(id);
    if (batch.processing_status === 'ended') return batch;
    await pause(200);
  }
}

async function results(batches, id) {
  const all = {};
  for await (const line of await batches.results(id)) all[line.custom_id] = line.result;
  return all;
}

// fails checks that a call fails with an error of the API.
async function fails(call, status, type, constructor) {
  await assert.rejects(call, (err) => {
    assert.ok(err instanceof constructor, String(err));
    assert.equal(err.status, status);
    assert.equal(err.type, type);
    assert.ok(err.requestID, 'there is no request id');
    return true;
  });
}

async function life(batches) {
  const created = await batches.create({ requests: ['a', 'b', 'c'].map(greeting) });
  assert.equal(created.type, 'message_batch');
  assert.equal(created.processing_status, 'in_progress');
  assert.equal(created.results_url, null);
  assert.equal(created.request_counts.processing, 3);

  const batch = await ended(batches, created.id);
  assert.deepEqual(batch.request_counts, { processing: 0, succeeded: 3, errored: 0, canceled: 0, expired: 0 });
  const all = await results(batches, batch.id);
  assert.deepEqual(Object.keys(all).sort(), ['a', 'b', 'c']);
  for (const [id, result] of Object.entries(all)) {
    assert.equal(result.type, 'succeeded');
    assert.match(result.message.content[0].text, new RegExp(`Hello from ${id}`));
    assert.ok(result.message.usage.output_tokens > 0);
  }

  const spoiled = await batches.create({ requests: [{ ...greeting('a'), params: { model: 'claude-opus-5' } }] });
  await ended(batches, spoiled.id);
  const errored = (await results(batches, spoiled.id)).a;
  assert.equal(errored.error.error.type, 'invalid_request_error');

  const stopped = await batches.create({ requests: [greeting('a')] });
  const canceling = await batches.cancel(stopped.id);
  assert.equal(canceling.processing_status, 'canceling');
  assert.equal((await ended(batches, stopped.id)).request_counts.canceled, 1);
  assert.deepEqual(await results(batches, stopped.id), { a: { type: 'canceled' } });

  const listed = [];
  for await (const b of batches.list({ limit: 2 })) listed.push(b.id);
  assert.deepEqual(listed.slice(0, 3), [stopped.id, spoiled.id, batch.id]);
  const before = await batches.list({ limit: 1, before_id: batch.id });
  assert.deepEqual(before.data.map((b) => b.id), [spoiled.id]);

  assert.deepEqual(await batches.delete(batch.id), { id: batch.id, type: 'message_batch_deleted' });
  await fails(() => batches.retrieve(batch.id), 404, 'not_found_error', Anthropic.NotFoundError);
}

async function refusals(url) {
  const batches = connect(url);
  await fails(() => batches.create({ requests: [] }), 400, 'invalid_request_error', Anthropic.BadRequestError);
  await fails(() => batches.create({ requests: [greeting('a'), greeting('a')] }), 400, 'invalid_request_error', Anthropic.BadRequestError);
  await fails(() => batches.list({ betas: ['none-2026-01-01'] }), 400, 'invalid_request_error', Anthropic.BadRequestError);
  await fails(() => batches.cancel('msgbatch_none'), 404, 'not_found_error', Anthropic.NotFoundError);
  await fails(() => connect(url, { apiKey: 'another' }).list(), 401, 'authentication_error', Anthropic.AuthenticationError);
  await batches.list({ betas: ['output-300k-2026-03-24', 'mcp-client-2025-11-20'] });
}

// structured is a program for structured output and tools: no results are scripted, and all of them must fit its
// schemas.
async function structured(batches) {
  const review = {
    type: 'object',
    properties: {
      product: { type: 'string' },
      mood: { type: 'string', enum: ['glad', 'angry'] },
      stars: { type: 'integer' },
      points: { type: 'array', items: { type: 'string' } },
      reviewer: { anyOf: [{ type: 'string', format: 'email' }, { type: 'null' }] },
    },
    required: ['product', 'mood', 'stars', 'points', 'reviewer'],
    additionalProperties: false,
  };
  const tool = {
    name: 'save_review',
    description: 'Stores a review.',
    input_schema: { type: 'object', properties: { id: { type: 'string', pattern: '^[A-Z]{2}-[0-9]{4}$' }, review }, required: ['id', 'review'] },
  };
  const ask = (id, more) => ({ ...greeting(id), params: { ...greeting(id).params, ...more } });
  const batch = await batches.create({
    requests: [
      ask('format', { output_config: { format: { type: 'json_schema', schema: review } } }),
      ask('tool', { tools: [tool], tool_choice: { type: 'any' } }),
      ask('alias', { model: 'claude-haiku-4-5' }),
    ],
  });
  await ended(batches, batch.id);
  const all = await results(batches, batch.id);
  const fits = (value) => {
    assert.deepEqual(Object.keys(value).sort(), [...review.required].sort());
    assert.equal(typeof value.product, 'string');
    assert.ok(['glad', 'angry'].includes(value.mood));
    assert.ok(Number.isInteger(value.stars));
    assert.ok(Array.isArray(value.points) && value.points.every((p) => typeof p === 'string'));
    assert.ok(value.reviewer === null || /^\S+@\S+$/.test(value.reviewer));
  };
  fits(JSON.parse(all.format.message.content[0].text));
  assert.equal(all.tool.message.stop_reason, 'tool_use');
  const call = all.tool.message.content.find((block) => block.type === 'tool_use');
  assert.equal(call.name, tool.name);
  assert.match(call.input.id, /^[A-Z]{2}-[0-9]{4}$/);
  fits(call.input.review);
  assert.equal(all.alias.message.model, 'claude-haiku-4-5-20251001');
}

const { service, url } = await serve(process.argv[2]);
try {
  await structured(connect(url));
  await life(connect(url));
  await life(connect(url, { apiKey: null, authToken: key }));
  await life(connect(url, { defaultHeaders: { Authorization: null, 'X-Api-Key': key } }, 'x-api-key'));
  await life(connect(url, { defaultHeaders: { 'anthropic-version': '2023-06-01' } }));
  await refusals(url);
} finally {
  service.kill();
}
const counts = new Map();
for (const call of calls) counts.set(call, (counts.get(call) ?? 0) + 1);
console.log('calls of the TypeScript SDK:');
for (const [call, n] of counts) console.log(`${String(n).padStart(4)} ${call}`);
