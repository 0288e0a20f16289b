export const CONTENDERS = ['pooled', 'own', 'plain', 'restate'] as const;
export type ContenderName = (typeof CONTENDERS)[number];
