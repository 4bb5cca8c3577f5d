using BoxerMpi.Launcher.Jobs;
using BoxerMpi.Launcher.Processes;

namespace BoxerMpi.Launcher.Tests;

/// <summary>Who is to blame for a job's end.</summary>
public sealed class VerdictTests
{
    private static readonly RankProgress Linked = new(RankStage.Linked, TimeSpan.Zero, TimeSpan.Zero);

    [Fact]
    public void A_rank_that_left_and_exits_with_0_is_fine() =>
        Assert.Null(Verdict.OfEnded(0, new ExitStatus(0, 0), Linked with { Stage = RankStage.Left }, othersJoined: true, settled: true));

    [Fact]
    public void A_rank_that_never_joins_is_fine_while_nobody_does()
    {
        Assert.Null(Verdict.OfEnded(0, new ExitStatus(0, 0), RankProgress.None, othersJoined: false, settled: true));
        Assert.NotNull(Verdict.OfEnded(0, new ExitStatus(0, 0), RankProgress.None, othersJoined: true, settled: true));
    }

    [Fact]
    public void A_rank_that_seems_not_to_have_left_gets_time_for_its_last_words()
    {
        Assert.Null(Verdict.OfEnded(0, new ExitStatus(0, 0), Linked, othersJoined: true, settled: false));
        Assert.Equal(1, Verdict.OfEnded(0, new ExitStatus(0, 0), Linked, othersJoined: true, settled: true)?.ExitCode);
        Assert.Equal(1, Verdict.OfEnded(0, new ExitStatus(0, 0), Linked with { Stage = RankStage.Failed }, othersJoined: true, settled: false)?.ExitCode);
    }

    [Fact]
    public void The_lowest_of_the_ranks_that_failed_together_is_to_blame()
    {
        Failure[] ended = [new(3, 7, "exited"), new(1, 5, "exited")];
        Assert.Equal(5, Verdict.ToBlame(ended, null, 0)?.ExitCode);
    }

    [Fact]
    public void A_report_is_to_blame_rather_than_those_who_ended_after_it()
    {
        Failure? blamed = Verdict.ToBlame(
            [new(0, 1, "exited")], new AbortNotice(2, 9, "InvalidOperationException: no\n   at …"), endedFirst: 0);
        Assert.Equal(new Failure(2, 9, "failed: InvalidOperationException: no"), blamed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_rank_that_died_is_to_blame_rather_than_the_one_that_missed_it(int endedFirst)
    {
        AbortNotice messenger = new(0, 1, "BoxerMpi.PeerFailedException: rank 1 is gone");
        Failure? blamed = Verdict.ToBlame([new(1, 139, "was killed"), new(0, 1, "exited")], messenger, endedFirst);
        Assert.Equal(1, blamed?.Rank);
        Assert.Equal(139, blamed?.ExitCode);
    }

    [Fact]
    public void The_messenger_is_to_blame_when_nobody_else_ended() =>
        Assert.Equal(
            0, Verdict.ToBlame([new(0, 1, "exited")], new AbortNotice(0, 1, "BoxerMpi.PeerFailedException: rank 1 is gone"), 0)?.Rank);

    [Fact]
    public void An_abort_with_code_0_still_fails_the_job() =>
        Assert.Equal(1, Verdict.ToBlame([], new AbortNotice(2, 0, "enough"), 0)?.ExitCode);

    [Theory]
    [InlineData("", new int[0])]
    [InlineData("3", new[] { 3 })]
    [InlineData("0, 1", new[] { 1, 0 })]
    [InlineData("0-2, 4, 6, 7", new[] { 0, 1, 2, 4, 6, 7 })]
    public void Ranks_are_listed_briefly(string expected, int[] ranks) => Assert.Equal(expected, Verdict.List(ranks));
}
