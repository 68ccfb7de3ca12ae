package e2e

import "testing"

// tryOn starts once what pushes need, because that takes longer than a push, and
// tries the parts on it one after the other, each with nothing deployed. Tests
// with systems of their own run side by side: much of a push is waiting.
func tryOn(t *testing.T, fleet string, parts []part) {
	t.Parallel()
	s := prepare(t, fleet, "RELEASE_PORTS=15", usual, "DRAIN_TIMEOUT=20s")
	s.start("deploy_init.sh")
	s.buildTestApp()
	for _, part := range parts {
		t.Run(part.name, func(t *testing.T) { part.try(s.fresh(t)) })
	}
}

// TestDeployPush is what real pushes do, each with git itself, the real hooks,
// Docker and Redis.
func TestDeployPush(t *testing.T) {
	tryOn(t, "deuxpush", []part{
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
		{"RegistryDownThenUp", registryDown},
		{"WhatIsWrongWithTheHostIsSaidInOneLine", wrongHost},
		{"PortsOfForeignProgramsAreLeftAlone", foreignPorts},
		{"MorePushesLeaveTheNumberOfImagesAsItWas", prunedImages},
		{"AStrangersThingsAreNeverTouched", strangers},
		{"APushOverSSHIsTheSame", overSSH},
	})
}

// TestDeployRace is what happens at the same time as a push, and to one that is
// killed.
func TestDeployRace(t *testing.T) {
	tryOn(t, "deuxrace", []part{
		{"ARequestInFlightAtTheSwitchEnds", requestInFlight},
		{"TenDeploysAtTwoHundredRequestsASecondLoseNone", tenDeploysUnderLoad},
		{"OfTwoPushesAtOneInstantTheRefSaysWhichRuns", twoPushesAtOnce},
		{"BlueAndGreenDoNotWaitForEachOther", blueAndGreenAtOnce},
		{"AHookKilledAtAnyStepIsHealedByTheNextPush", hookKilled},
		{"AKilledPushSettlesWithoutAnother", killedPushSettles},
		{"APusherWhoGoesAwayStopsTheDeploy", pusherKilled},
	})
}

// TestDeployApp is the life of an app that was pushed.
func TestDeployApp(t *testing.T) {
	tryOn(t, "deuxapp", []part{
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
		{"DataInAVolumeOutlivesReleases", dataOutlivesReleases},
		{"AVolumeIsAddedAtOnceAndRemovedWhenAskedTwice", volumesByHand},
		{"ACommandRunsBesideTheAppAndLeavesNothing", oneOffCommands},
		{"LogsOutliveTheirContainers", keptLogs},
		{"TheAppIsBoundedAndToldWhy", boundedApp},
		{"AMisbehavingAppHarmsNobody", misbehavingApp},
		{"ABackupBringsEverythingBack", backupAndRestore},
	})
}
