import { expect, it } from '@jest/globals';
import type { Admin } from 'kafkajs';
import { progressOf } from './progress.js';

/** A cluster on which a group reads a topic of somebody else; as kafkajs, it answers all topics where none is named. */
function adminOf(topics: readonly string[]): Admin {
  const partitions = [{ partition: 0, offset: '3', metadata: null }];
  const answers: Partial<Admin> = {
    listTopics: async () => [...topics],
    listGroups: async () => ({ groups: [{ groupId: 'crm', protocolType: 'consumer' }] }),
    fetchTopicOffsets: async () => [{ partition: 0, offset: '5', low: '0', high: '5' }],
    fetchOffsets: async ({ topics: asked = [] }) =>
      (asked.length > 0 ? asked : topics).map((topic) => ({ topic, partitions })),
  };
  return answers as Admin;
}

it('tells how far a group is from the end of a topic (P11)', async () => {
  const progress = await progressOf(adminOf(['orders', 'consent.events.v1']), ['consent.events.v1']);
  expect(progress).toStrictEqual([{ consumer: 'crm', topic: 'consent.events.v1', behind: 2 }]);
});

it('names nobody while none of the topics has been made (P11)', async () => {
  expect(await progressOf(adminOf(['orders']), ['consent.events.v1'])).toStrictEqual([]);
});
