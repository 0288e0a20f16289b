import { defineConfig, kinesis } from 'keylane';

export default defineConfig({
  pipelines: {
    orders: {
      source: kinesis({ stream: 'orders' }),
      key: (record) => record.json().orderId,
      handler: './handlers/orders.ts',
      retry: { maxAttempts: 3, initialInterval: '500ms' },
    },
  },
});
