extension Flaw {
  /// The rules that catch it. Of the rules whose outcome hangs on the order in which tasks run or on random choices
  /// (`isByChance`), only those that the flaw was made for are listed.
  var rules: Set<String> {
    Set((Self.table[self] ?? "").split(separator: " ").map(String.init))
  }

  /// Whether a rule may or may not meet a flaw that it is not meant for.
  static func isByChance(_ ruleID: String) -> Bool {
    ruleID.hasPrefix("concurrency.") || ruleID.hasPrefix("model.")
      || ["cancel.during", "close.under-way"].contains(ruleID)
  }

  private static let table: [Flaw: String] = [
    .readsAreOneCommitBehind:
      "batch.durability get.committed get.order get.many key.empty value.empty value.bytes scan.order scan.reverse "
      + "scan.bounds scan.limit scan.prefix scan.whole batch.whole batch.last-mutation commit.order "
      + "commit.results commit.big check.before-mutations check.refuses-alone revision.result revision.changes "
      + "revision.within-commit limit.longest-key limit.largest-value limit.full-commit limit.refuses-alone "
      + "cancel.before open.in-use durable.reopen durable.crash",
    .getDropsDuplicates: "get.order",
    .getAnswersInKeyOrder: "get.order",
    .getStopsAfterManyKeys: "get.many",
    .getOfNothingFails: "get.nothing",
    .emptyKeyIsDropped: "key.empty scan.order scan.reverse scan.bounds scan.limit scan.prefix",
    .emptyValueIsAbsent: "value.empty scan.records revision.after-refusal",
    .valueEndsAtZero: "value.bytes",
    .signedOrder: "scan.order scan.reverse scan.prefix model.commands",
    .shorterKeysFirst: "scan.order scan.reverse scan.prefix",
    .reverseIsIgnored: "scan.reverse scan.whole",
    .lowerIsExcluded: "key.empty scan.order scan.reverse scan.bounds scan.limit scan.prefix limit.longest-key",
    .upperIsIncluded: "scan.bounds scan.prefix limit.longest-key",
    .reverseUpperIsIncluded: "scan.bounds",
    .reverseLimitTakesTheFirst: "scan.limit",
    .reverseIgnoresLimit: "scan.limit",
    .negativeLimitMeansAll: "scan.nothing",
    .emptyRangeMeansAll: "scan.bounds scan.nothing",
    .endIsAt0xFF: "scan.order scan.reverse scan.bounds scan.limit scan.prefix limit.longest-key",
    .scanStopsAfterAPage: "scan.whole",
    .scanForgetsRevisions: "value.empty scan.records batch.last-mutation commit.empty revision.result",
    .refusedBatchLeavesItsFirstMutation:
      "batch.durability batch.whole commit.order commit.results check.revision check.every check.refuses-alone "
      + "limit.key-too-long limit.value-too-large limit.refuses-alone durable.refused",
    .firstMutationWins: "batch.last-mutation check.before-mutations limit.full-commit",
    .deletingAbsentFails: "batch.last-mutation batch.delete-absent",
    .hastyBatchIsDropped: "batch.durability",
    .emptyBatchFails: "commit.empty limit.batch-too-large",
    .checksWithoutMutationsAreIgnored: "commit.empty check.revision check.conflict-tells",
    .checksSeeTheStateBeforeTheCommit: "batch.durability commit.order model.commands",
    .checksSeeRefusedBatches: "commit.order check.refuses-alone",
    .refusalsAreAnsweredLast:
      "commit.empty commit.order commit.results check.refuses-alone limit.batch-too-large "
      + "limit.refuses-alone",
    .bigCommitIsCut: "commit.big limit.full-commit",
    .checksAreIgnored:
      "batch.durability batch.whole commit.empty commit.order commit.results check.revision check.absent check.every "
      + "check.refuses-alone check.conflict-tells revision.after-refusal durable.refused",
    .newerRevisionPasses: "check.revision",
    .absenceIsIgnored:
      "batch.durability batch.whole commit.empty commit.order commit.results check.absent check.every check.refuses-alone "
      + "check.conflict-tells revision.after-refusal durable.refused",
    .onlyFirstCheckCounts: "check.every check.conflict-tells",
    .onlyLastCheckCounts: "check.every",
    .checksAreJudgedAfterMutations:
      "key.empty commit.order check.revision check.absent check.before-mutations check.refuses-alone "
      + "limit.longest-key durable.refused",
    .oneRefusalRefusesAll:
      "batch.durability commit.empty commit.order commit.results check.refuses-alone durable.refused",
    .conflictTellsNothing: "check.conflict-tells",
    .conflictTellsWrongRevision: "check.conflict-tells",
    .messageHoldsValue: "error.discreet",
    .resultRevisionIsWrong:
      "key.empty value.empty batch.last-mutation commit.empty check.revision check.every "
      + "check.before-mutations check.refuses-alone check.conflict-tells revision.result revision.changes "
      + "revision.after-refusal revision.within-commit limit.longest-key",
    .sameValueKeepsRevision:
      "revision.changes revision.after-refusal revision.within-commit revision.after-reopen "
      + "revision.after-crash",
    .revisionsCountPerKey: "revision.after-delete revision.after-reopen revision.after-crash",
    .refusalChangesRevision: "check.refuses-alone revision.after-refusal",
    .oneRevisionACommit: "revision.within-commit",
    .revisionsRestartFromRecords: "revision.after-reopen revision.after-crash",
    .revisionsAreSavedAtClose: "revision.after-crash",
    .capabilitiesChange: "limit.capabilities",
    .longestKeyIsCut: "value.bytes limit.longest-key",
    .keyLimitIsIgnored: "limit.key-too-long limit.refuses-alone",
    .keyLimitIsForPutsOnly: "limit.key-too-long",
    .largestValueIsCut: "limit.largest-value",
    .valueLimitIsIgnored: "limit.value-too-large",
    .mutationLimitIsOffByOne: "commit.big limit.full-commit limit.batch-too-large",
    .mutationLimitIsPerBatch: "limit.batch-too-large",
    .limitRefusesAll: "limit.batch-too-large limit.refuses-alone",
    .cancellationIsIgnored: "cancel.before",
    .cancellationHasAnotherError: "cancel.before",
    .errorForAppliedCommit: "cancel.during",
    .cancellationCutsCommit: "limit.batch-too-large cancel.during",
    .tornGet: "concurrency.get-moment",
    .tornScan: "concurrency.scan-moment",
    .tornCommit: "concurrency.get-moment concurrency.scan-moment",
    .checkThenApply:
      "batch.durability commit.empty commit.order commit.results check.refuses-alone durable.refused limit.key-too-long concurrency.counter",
    .oneCallAtATime: "concurrency.many-tasks",
    .worksAfterClose: "close.closed",
    .closingTwiceFails: "close.closed close.twice",
    .closingLosesCommits: "close.under-way",
    .closedForAppliedCommit: "close.under-way",
    .lockIsKept:
      "revision.after-reopen limit.capabilities close.lock-released open.in-use durable.reopen "
      + "durable.refused",
    .secondOpenIsAllowed: "open.in-use",
    .forgetsEverything: "open.in-use durable.reopen durable.refused durable.crash durable.crash-many",
    .forgetsDeletes: "durable.reopen durable.crash model.commands model.crash",
    .losesTheLastCommit: "open.in-use durable.reopen durable.refused durable.crash durable.crash-many",
    .refusedBatchComesBack: "durable.refused",
    .durableOnlyAfterClose: "revision.after-crash durable.crash durable.crash-many model.crash",
    .crashCutsBigCommit: "durable.crash-many",
  ]
}
