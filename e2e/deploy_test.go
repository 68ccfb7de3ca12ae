package e2e

import "testing"

// TestDeploy is what real pushes do, each with git itself, the real hooks,
// Docker and Redis, on one system: bringing one up takes longer than a push.
func TestDeploy(t *testing.T) {
	s := upDeploy(t)
	for _, test := range []struct {
		name string
		run  func(*deploySystem)
	}{
		{"BeforeTheFirstPushTheProxySaysSo", beforeTheFirstPush},
		{"TheFirstAndTheSecondPushAreDeployed", firstAndSecondPush},
		{"TheJournalTellsOfEveryStepOfAPush", journalTellsOfPushes},
		{"WhatRunsIsTheDigestThatTheRegistryHas", whatRunsIsTheDigest},
		{"APushToGreenLeavesBlueAlone", greenLeavesBlueAlone},
		{"OnlyTheFilesOfTheRevisionAreBuilt", onlyTheFilesOfTheRevision},
		{"OddFileNamesArriveWhole", oddFileNames},
		{"TwoMegabytesOfBuildOutputArriveWhole", longOutput},
		{"PushedCodeDoesNotReachRedis", noWayToRedis},
		{"ABrokenPushIsRefusedAndLeavesEverythingAsItWas", brokenPushes},
		{"ASlowStartIsWaitedFor", slowStart},
		{"TheImagesOwnHealthCheckDecides", ownHealthCheck},
		{"SubmodulesAndPointersAreRefused", whatAPushDoesNotCarry},
		{"MainAndMasterWhateverHeadSays", mainAndMaster},
		{"OtherRefsAreStoredAndNotDeployed", otherRefs},
		{"OfSeveralRefsMainIsDeployed", severalRefs},
		{"AForcedPushAndASingleRevisionAreDeployed", forcedAndSingle},
		{"AnEmptyCommitIsAReleaseAndNothingToPushIsNone", emptyCommit},
		{"ARequestInFlightAtTheSwitchEnds", requestInFlight},
		{"TenDeploysAtTwoHundredRequestsASecondLoseNone", tenDeploysUnderLoad},
		{"OfTwoPushesAtOneInstantTheRefSaysWhichRuns", twoPushesAtOnce},
		{"BlueAndGreenDoNotWaitForEachOther", blueAndGreenAtOnce},
		{"AHookKilledAtAnyStepIsHealedByTheNextPush", hookKilled},
		{"AKilledPushSettlesWithoutAnother", killedPushSettles},
		{"APusherWhoGoesAwayStopsTheDeploy", pusherKilled},
		{"RegistryDownThenUp", registryDown},
		{"WhatIsWrongWithTheHostIsSaidInOneLine", wrongHost},
		{"PortsOfForeignProgramsAreLeftAlone", foreignPorts},
		{"RollbackNeedsNoBuild", rollback},
		{"AConfigurationIsAppliedAtOnce", configured},
		{"ASecretIsNowhereButInTheApp", secretIsNowhere},
		{"AConfigurationThatBreaksTheAppIsTakenBack", configurationTakenBack},
		{"AKilledChangeOfConfigurationIsTheOldOrTheNewOne", configurationKilled},
		{"ForwardComesBackFromARollback", forward},
		{"AnAppIsServedAtThePortThatItsImageExposes", exposedPort},
		{"AnAppThatIsDeafToSIGTERM", deafApp},
		{"DownAndUpBringsTheAppBack", appsComeBack},
		{"AnAppIsWatchedAndBroughtBack", appsAreWatched},
		{"MorePushesLeaveTheNumberOfImagesAsItWas", prunedImages},
		{"AStrangersThingsAreNeverTouched", strangers},
		{"DataInAVolumeOutlivesReleases", dataOutlivesReleases},
		{"AVolumeIsAddedAtOnceAndRemovedWhenAskedTwice", volumesByHand},
		{"ACommandRunsBesideTheAppAndLeavesNothing", oneOffCommands},
		{"LogsOutliveTheirContainers", keptLogs},
		{"TheAppIsBoundedAndToldWhy", boundedApp},
		{"AMisbehavingAppHarmsNobody", misbehavingApp},
		{"ABackupBringsEverythingBack", backupAndRestore},
		{"APushOverSSHIsTheSame", overSSH},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(s.within(t)) })
	}
}
