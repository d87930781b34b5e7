import type { Topics } from './contracts/topics.js';
import type { TopicSettings } from './message-broker.js';

/** The topics that the service publishes to and takes from, as they are made where the cluster has none of that name. */
export function topicSettings(topics: Topics): readonly TopicSettings[] {
  const compacted = { 'cleanup.policy': 'compact' };
  return [
    { topic: topics.events },
    { topic: topics.preferences, configuration: compacted },
    { topic: topics.requests },
    { topic: topics.requestsRefused },
    { topic: topics.mailJobs },
    { topic: topics.mailJobsRefused },
    { topic: topics.mailOutcomes },
    // Turns are taken at the one partition. Small segments, so that what is out of date goes soon.
    { topic: topics.relay, partitions: 1, configuration: { ...compacted, 'segment.bytes': String(1024 * 1024) } },
  ];
}
