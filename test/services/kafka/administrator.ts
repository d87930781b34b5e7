import type { TopicSettings } from '@consent-ledger/messaging';
import kafkajs, { type Admin } from 'kafkajs';

/** Rights of a user on the cluster: to read, to write and to describe what is named. */
export interface Rights {
  readonly user: string;
  /** What the names of the topics begin with. */
  readonly topicPrefix: string;
  readonly groups: readonly string[];
  readonly transactionalIds: readonly string[];
}

/** What an operator does on a cluster, by its plain listener. */
export interface Administrator {
  makeTopics(topics: readonly TopicSettings[]): Promise<void>;
  configure(topic: string, configuration: Readonly<Record<string, string>>): Promise<void>;
  permit(rights: Rights): Promise<void>;
}

export function createAdministrator(brokers: readonly string[]): Administrator {
  const kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });
  const using = async (work: (admin: Admin) => Promise<unknown>) => {
    const admin = kafka.admin();
    await admin.connect();
    await work(admin).finally(() => admin.disconnect());
  };
  return {
    makeTopics: (topics) =>
      using((admin) =>
        admin.createTopics({
          topics: topics.map(({ topic, partitions = 1, configuration = {} }) => ({
            topic,
            numPartitions: partitions,
            configEntries: entriesOf(configuration),
          })),
        }),
      ),
    configure: (name, configuration) =>
      using((admin) => {
        const type = kafkajs.ConfigResourceTypes.TOPIC;
        const resources = [{ type, name, configEntries: entriesOf(configuration) }];
        return admin.alterConfigs({ validateOnly: false, resources });
      }),
    permit: (rights) => using((admin) => admin.createAcls({ acl: entriesOfAccess(rights) })),
  };
}

function entriesOf(configuration: Readonly<Record<string, string>>) {
  return Object.entries(configuration).map(([name, value]) => ({ name, value }));
}

function entriesOfAccess({ user, topicPrefix, groups, transactionalIds }: Rights) {
  const { TOPIC, GROUP, TRANSACTIONAL_ID } = kafkajs.AclResourceTypes;
  const { READ, WRITE, DESCRIBE } = kafkajs.AclOperationTypes;
  const { LITERAL, PREFIXED } = kafkajs.ResourcePatternTypes;
  const entry = (resourceType: number, resourceName: string, operation: number, resourcePatternType = LITERAL) => ({
    principal: `User:${user}`,
    host: '*',
    permissionType: kafkajs.AclPermissionTypes.ALLOW,
    resourceType,
    resourceName,
    operation,
    resourcePatternType,
  });
  return [
    ...[READ, WRITE, DESCRIBE].map((operation) => entry(TOPIC, topicPrefix, operation, PREFIXED)),
    ...groups.map((group) => entry(GROUP, group, READ)),
    ...transactionalIds.flatMap((id) => [WRITE, DESCRIBE].map((operation) => entry(TRANSACTIONAL_ID, id, operation))),
  ];
}
