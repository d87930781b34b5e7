import { newId } from '@consent-ledger/platform';
import type { EachBatchPayload, Kafka, Producer } from 'kafkajs';
import type { OutgoingMessage, TopicMessages, Turn, TurnName } from '../message-broker.js';
import { holdSession } from './consumer-session.js';
import type { Hearing } from './hearing.js';
import { comeToEnd, unlessAborted, waitAfter } from './patience.js';
import { producerConfiguration, TRANSACTION_TIMEOUT } from './settings.js';

/** Turns are taken at this partition alone, however many the topic has: the note and the claims must have one order. */
const PARTITION = 0;
/** The keys of the topic at which turns are taken. */
const NOTE = 'note';
const CLAIM = 'claim';

/** Bytes that go out in one request: brokers take a megabyte of one partition by default. */
const LARGEST_REQUEST = 512 * 1024;

interface Claim {
  readonly id: string;
  readonly seen: (note: string | undefined) => void;
}

/**
 * Kafka decides whose turn it is: the one partition of the topic is assigned to one member of the group. What it publishes
 * goes out in transactions under one transactional id, so whoever begins a turn fences off a process that still believes it
 * has one. It first puts a claim behind all that was committed before, and reads the last note up to there.
 */
export class Turns {
  #turn: { readonly over: AbortController; readonly ended: Promise<void> } | undefined;
  #note: string | undefined;
  #claim: Claim | undefined;

  constructor(
    private readonly kafka: Kafka,
    private readonly name: TurnName,
    private readonly work: (turn: Turn) => Promise<void>,
    private readonly hearing: Hearing,
  ) {}

  async take(signal: AbortSignal): Promise<void> {
    const { id: groupId, topic } = this.name;
    const session = {
      groupId,
      topic,
      run: { eachBatch: async (payload: EachBatchPayload) => this.#read(payload) },
      onJoined: (partitions: readonly number[]) => void (partitions.includes(PARTITION) ? this.#begin() : this.#end()),
      onLeft: () => this.#end(),
      hearing: this.hearing,
    };
    await holdSession(this.kafka, session, signal);
  }

  /** A member of the group has committed nothing, and so reads the topic from its start whenever the members change. */
  #read({ batch }: EachBatchPayload): void {
    if (batch.partition !== PARTITION) return;
    for (const { key, value } of batch.messages) {
      const text = value?.toString();
      if (key?.toString() === NOTE) this.#note = text;
      else if (text === this.#claim?.id) this.#claim?.seen(this.#note);
    }
  }

  #begin(): void {
    if (this.#turn) return;
    const over = new AbortController();
    this.#turn = { over, ended: this.#takeTurns(over.signal) };
  }

  async #end(): Promise<void> {
    const turn = this.#turn;
    this.#turn = undefined;
    turn?.over.abort();
    await turn?.ended;
  }

  /** A turn after another, for as long as the partition is assigned to this process: what fails is begun anew. */
  async #takeTurns(over: AbortSignal): Promise<void> {
    let failures = 0;
    while (!over.aborted) {
      await this.#takeTurn(over, () => (failures = 0)).catch(() => undefined);
      if (over.aborted) return;
      await waitAfter(++failures, over);
    }
  }

  async #takeTurn(over: AbortSignal, onPublished: () => void): Promise<void> {
    const { id: transactionalId } = this.name;
    const producer = this.kafka.producer({
      ...producerConfiguration,
      transactionalId,
      transactionTimeout: TRANSACTION_TIMEOUT,
    });
    const ended = new AbortController();
    const signal = AbortSignal.any([over, ended.signal]);
    const connected = producer.connect();
    try {
      await this.#answer(connected, over);
      const note = await this.#claimTurn(producer, over);
      await this.work({
        note,
        signal,
        publish: async (batches, text) => {
          const control = { topic: this.name.topic, messages: [{ key: NOTE, value: text, partition: PARTITION }] };
          await this.#answer(transact(producer, [...requestsOf(batches), [control]]), signal);
          onPublished();
        },
      });
    } finally {
      ended.abort();
      await comeToEnd(connected);
      await producer.disconnect().catch(() => undefined);
    }
  }

  /** Fences off whoever had the turn, and answers the last note that was committed. */
  async #claimTurn(producer: Producer, over: AbortSignal): Promise<string | undefined> {
    const id = newId();
    const seen = new Promise<string | undefined>((resolve) => (this.#claim = { id, seen: resolve }));
    const claim = { topic: this.name.topic, messages: [{ key: CLAIM, value: id, partition: PARTITION }] };
    await this.#answer(transact(producer, [[claim]]), over);
    return unlessAborted(seen, over);
  }

  /** What the broker answers until `signal` aborts. The work of a turn may fail by a fault of others: that says nothing of it. */
  async #answer<T>(asked: Promise<T>, signal: AbortSignal): Promise<T> {
    const what = `the transactional id ${this.name.id}`;
    try {
      const answer = await unlessAborted(asked, signal);
      this.hearing.heard(what);
      return answer;
    } catch (error) {
      if (!signal.aborted) await this.hearing.failed(what, error);
      throw error;
    }
  }
}

/** All or nothing. Whether a commit that failed was made is found out by the next turn, which reads what is there. */
async function transact(producer: Producer, requests: readonly (readonly TopicMessages[])[]): Promise<void> {
  const transaction = await producer.transaction();
  try {
    for (const request of requests)
      await transaction.sendBatch({
        topicMessages: request.map(({ topic, messages }) => ({ topic, messages: [...messages] })),
      });
  } catch (error) {
    await transaction.abort().catch(() => undefined);
    throw error;
  }
  await transaction.commit();
}

/** The messages in requests that a broker takes, in their order. */
function* requestsOf(batches: readonly TopicMessages[]): Generator<TopicMessages[]> {
  let request: TopicMessages[] = [];
  let size = 0;
  for (const { topic, messages } of batches) {
    let some: OutgoingMessage[] = [];
    for (const message of messages) {
      const bytes = message.key.length + (message.value?.length ?? 0);
      if (size + bytes > LARGEST_REQUEST && size > 0) {
        yield [...request, ...(some.length > 0 ? [{ topic, messages: some }] : [])];
        [request, some, size] = [[], [], 0];
      }
      some.push(message);
      size += bytes;
    }
    if (some.length > 0) request.push({ topic, messages: some });
  }
  if (request.length > 0) yield request;
}
