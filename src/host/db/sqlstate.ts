/** The SQLSTATEs that the code decides on, by name. Source: PostgreSQL's appendix A. */
export const SQLSTATE = {
  uniqueViolation: '23505',
  serializationFailure: '40001',
  deadlockDetected: '40P01',
  undefinedTable: '42P01',
  duplicateFile: '58P02',
  diskFull: '53100',
  adminShutdown: '57P01',
  crashShutdown: '57P02',
  cannotConnectNow: '57P03',
} as const;

/** Connection exceptions are a whole class. */
export const CONNECTION_EXCEPTION_CLASS = '08';
