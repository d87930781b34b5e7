import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import type { TopicSettings } from '../message-broker.js';
import { faultOf } from './fault.js';

/** How long topics that were made may take to be known. */
const LOOK_EVERY_MS = 50;
const MOST_LOOKS = 100;

/** Makes the topics that are not there yet, as the cluster makes them where nothing else is said. */
export async function ensureTopics(admin: Admin, wanted: readonly TopicSettings[]): Promise<void> {
  const there = new Set(await admin.listTopics());
  const missing = wanted.filter(({ topic }) => !there.has(topic));
  if (missing.length === 0) return;
  await admin.createTopics({
    waitForLeaders: false,
    topics: missing.map(({ topic, partitions, configuration = {} }) => ({
      topic,
      ...(partitions !== undefined && { numPartitions: partitions }),
      configEntries: Object.entries(configuration).map(([name, value]) => ({ name, value })),
    })),
  });
  await appeared(admin, missing);
}

/** Made is not yet known: kafkajs itself waits for leaders, but throws where a broker has not heard of a topic so far. */
async function appeared(admin: Admin, topics: readonly TopicSettings[]): Promise<void> {
  for (let tries = 0; tries < MOST_LOOKS; tries++) {
    const there = new Set(await admin.listTopics());
    if (topics.every(({ topic }) => there.has(topic))) return;
    await delay(LOOK_EVERY_MS);
  }
}

/**
 * The topics that are to be compacted and are not, as whoever made them left it; none where this client may not look at
 * their settings.
 */
export async function notCompacted(admin: Admin, wanted: readonly TopicSettings[]): Promise<readonly string[]> {
  const name = 'cleanup.policy';
  const resources = wanted
    .filter(({ configuration }) => configuration?.[name] === 'compact')
    .map(({ topic }) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: [name] }));
  if (resources.length === 0) return [];
  const described = await admin.describeConfigs({ includeSynonyms: false, resources }).catch((error: unknown) => {
    const fault = faultOf(error);
    if (fault && 'code' in fault) return { resources: [] };
    throw error;
  });
  return described.resources
    .filter(({ configEntries }) => configEntries.some(({ configValue }) => configValue !== 'compact'))
    .map(({ resourceName }) => resourceName);
}
