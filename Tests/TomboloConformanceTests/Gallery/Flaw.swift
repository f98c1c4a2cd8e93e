/// One promise that a `FlawedStore` breaks, and nothing else that it need not break with it.
enum Flaw: String, CaseIterable, Sendable {
  // Reading
  case readsAreOneCommitBehind, getDropsDuplicates, getAnswersInKeyOrder, getStopsAfterManyKeys, getOfNothingFails
  case emptyKeyIsDropped, emptyValueIsAbsent, valueEndsAtZero
  // Scanning
  case signedOrder, shorterKeysFirst, reverseIsIgnored, lowerIsExcluded, upperIsIncluded, reverseUpperIsIncluded
  case reverseLimitTakesTheFirst, reverseIgnoresLimit, negativeLimitMeansAll, emptyRangeMeansAll, endIsAt0xFF
  case scanStopsAfterAPage, scanForgetsRevisions
  // Batches
  case refusedBatchLeavesItsFirstMutation, firstMutationWins, deletingAbsentFails, emptyBatchFails
  case checksWithoutMutationsAreIgnored, checksSeeTheStateBeforeTheCommit, checksSeeRefusedBatches
  case refusalsAreAnsweredLast, bigCommitIsCut, hastyBatchIsDropped
  // Checks
  case checksAreIgnored, newerRevisionPasses, absenceIsIgnored, onlyFirstCheckCounts, onlyLastCheckCounts
  case checksAreJudgedAfterMutations, oneRefusalRefusesAll, conflictTellsNothing, conflictTellsWrongRevision
  case messageHoldsValue
  // Revisions
  case resultRevisionIsWrong, sameValueKeepsRevision, revisionsCountPerKey, refusalChangesRevision
  case oneRevisionACommit, revisionsRestartFromRecords, revisionsAreSavedAtClose
  // Limits
  case capabilitiesChange, longestKeyIsCut, keyLimitIsIgnored, keyLimitIsForPutsOnly, largestValueIsCut
  case valueLimitIsIgnored, mutationLimitIsOffByOne, mutationLimitIsPerBatch, limitRefusesAll
  // Cancellation
  case cancellationIsIgnored, cancellationHasAnotherError, errorForAppliedCommit, cancellationCutsCommit
  // Concurrency
  case tornGet, tornScan, tornCommit, checkThenApply, oneCallAtATime
  // Closing
  case worksAfterClose, closingTwiceFails, closingLosesCommits, closedForAppliedCommit, lockIsKept, secondOpenIsAllowed
  // Durability
  case forgetsEverything, forgetsDeletes, losesTheLastCommit, refusedBatchComesBack, durableOnlyAfterClose
  case crashCutsBigCommit
}
