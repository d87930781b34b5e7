import type { Admin } from 'kafkajs';
import type { ConsumerProgress } from '../message-broker.js';

/**
 * Every group that has acknowledged something of these topics, and how far it is from the end of each; the marks that end
 * transactions count as messages.
 */
export async function progressOf(admin: Admin, wanted: readonly string[]): Promise<ConsumerProgress[]> {
  const there = new Set(await admin.listTopics());
  const topics = wanted.filter((topic) => there.has(topic));
  // kafkajs would take none for all.
  if (topics.length === 0) return [];
  const heads = new Map(await Promise.all(topics.map(async (topic) => [topic, await headsOf(admin, topic)] as const)));
  const { groups } = await admin.listGroups();
  const consumers = groups.filter(({ protocolType }) => protocolType === 'consumer' || protocolType === '');
  const progress = await Promise.all(consumers.map(({ groupId }) => progressOfGroup(admin, groupId, heads)));
  return progress.flat();
}

type Heads = ReadonlyMap<number, { readonly low: bigint; readonly high: bigint }>;

async function headsOf(admin: Admin, topic: string): Promise<Heads> {
  const partitions = await admin.fetchTopicOffsets(topic);
  return new Map(partitions.map(({ partition, low, high }) => [partition, { low: BigInt(low), high: BigInt(high) }]));
}

async function progressOfGroup(
  admin: Admin,
  groupId: string,
  heads: ReadonlyMap<string, Heads>,
): Promise<ConsumerProgress[]> {
  const acknowledged = await admin.fetchOffsets({ groupId, topics: [...heads.keys()] });
  return acknowledged.flatMap(({ topic, partitions }) => {
    if (partitions.every(({ offset }) => BigInt(offset) < 0n)) return [];
    const offsets = new Map(partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
    let behind = 0n;
    for (const [partition, { low, high }] of heads.get(topic)!) {
      const offset = offsets.get(partition) ?? -1n;
      behind += high - (offset > low ? offset : low);
    }
    return [{ consumer: groupId, topic, behind: Number(behind) }];
  });
}
