using BoxerMpi.Launching.Jobs;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.Tests;

/// <summary>Who is to blame for a job's end.</summary>
public sealed class VerdictTests
{
    private static readonly RankProgress Linked = new(RankStage.Linked, TimeSpan.Zero, TimeSpan.Zero);

    // Rank 0 reports that it misses rank 1.
    private static readonly AbortNotice Missing1 = new(0, 1, "rank 1 is gone", IsConsequence: true, Suspect: 1);

    [Fact]
    public void A_rank_that_left_and_exits_with_0_is_fine() =>
        Assert.Null(Verdict.OfEnded(0, new ExitStatus(0, 0), Linked with { Stage = RankStage.Left }, othersJoined: true, complete: false, settled: true));

    [Fact]
    public void A_rank_that_never_joins_is_fine_while_nobody_does()
    {
        Assert.Null(Verdict.OfEnded(0, new ExitStatus(0, 0), RankProgress.None, othersJoined: false, complete: false, settled: true));
        Assert.NotNull(Verdict.OfEnded(0, new ExitStatus(0, 0), RankProgress.None, othersJoined: true, complete: false, settled: true));
    }

    [Fact]
    public void A_rank_that_seems_not_to_have_left_gets_time_for_its_last_words()
    {
        Assert.Null(Verdict.OfEnded(0, new ExitStatus(0, 0), Linked, othersJoined: true, complete: false, settled: false));
        Assert.Equal(1, Verdict.OfEnded(0, new ExitStatus(0, 0), Linked, othersJoined: true, complete: false, settled: true)?.ExitCode);
        Assert.Equal(1, Verdict.OfEnded(0, new ExitStatus(0, 0), Linked with { Stage = RankStage.Failed }, othersJoined: true, complete: false, settled: false)?.ExitCode);
    }

    [Fact]
    public void A_rank_that_exits_with_0_unheard_is_fine_once_another_one_has_left()
    {
        ExitStatus well = new(0, 0);
        RankProgress failed = Linked with { Stage = RankStage.Failed, Reason = "it was silent for 20 s" };
        Assert.Null(Verdict.OfEnded(0, well, Linked, othersJoined: true, complete: true, settled: true));
        Assert.Null(Verdict.OfEnded(0, well, failed, othersJoined: true, complete: true, settled: true));
        Assert.Equal(139, Verdict.OfEnded(0, new ExitStatus(0, 11), failed, othersJoined: true, complete: true, settled: true)?.ExitCode);
    }

    [Fact]
    public void A_rank_that_was_cut_off_is_told_something_else_than_one_that_forgot_to_leave()
    {
        RankProgress failed = Linked with { Stage = RankStage.Failed, Reason = "it was silent for 20 s" };
        Assert.Contains("it was silent for 20 s", Reason(failed), StringComparison.Ordinal);
        Assert.Contains("without leaving the job; return from the body", Reason(failed with { HasClosed = true }), StringComparison.Ordinal);
        Assert.Contains("was cut off from the coordinator", Reason(Linked), StringComparison.Ordinal);
        Assert.Contains("before all ranks had joined", Reason(Linked with { Stage = RankStage.Vacated }), StringComparison.Ordinal);

        static string? Reason(RankProgress progress) =>
            Verdict.OfEnded(0, new ExitStatus(0, 0), progress, othersJoined: true, complete: false, settled: true)?.Reason;
    }

    [Fact]
    public void The_lowest_of_the_ranks_that_failed_together_is_to_blame()
    {
        Failure[] ended = [new(3, 7, "exited"), new(1, 5, "exited")];
        Assert.Equal(5, Verdict.ToBlame(ended, [], null, null, 0)?.ExitCode);
    }

    [Fact]
    public void A_report_is_to_blame_rather_than_those_who_ended_after_it()
    {
        Failure? blamed = Verdict.ToBlame(
            [new(0, 1, "exited")], [], null, new AbortNotice(2, 9, "InvalidOperationException: no\n   at …"), endedFirst: 0);
        Assert.Equal(new Failure(2, 9, "failed: InvalidOperationException: no"), blamed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_rank_that_died_is_to_blame_rather_than_the_one_that_missed_it(int endedFirst)
    {
        Failure? blamed = Verdict.ToBlame([new(1, 139, "was killed"), new(0, 1, "exited")], [], null, Missing1, endedFirst);
        Assert.Equal(1, blamed?.Rank);
        Assert.Equal(139, blamed?.ExitCode);
    }

    [Fact]
    public void A_lost_rank_is_to_blame_rather_than_those_who_missed_it_and_ended()
    {
        Failure lost = new(1, 1, "was lost");
        Assert.Equal(lost, Verdict.ToBlame([new(4, 1, "exited")], [lost], null, null, 0));
        Assert.Equal(lost, Verdict.ToBlame([new(4, 1, "exited"), new(0, 1, "exited")], [lost], null, Missing1, 1));
        Assert.Equal("was lost (and so ranks 2, 3)", Verdict.ToBlame([], [new(3, 1, "x"), lost, new(2, 1, "y")], null, null, 0)?.Reason);
    }

    [Fact]
    public void A_rank_that_is_missed_and_silent_is_to_blame_before_it_counts_as_lost()
    {
        Failure silent = new(1, 1, "was lost");
        Assert.Equal(silent, Verdict.ToBlame([new(4, 1, "exited")], [], silent, Missing1, 1));
    }

    [Fact]
    public void The_messenger_is_to_blame_when_nobody_else_ended() =>
        Assert.Equal(0, Verdict.ToBlame([new(0, 1, "exited"), new(1, 1, "exited")], [], null, Missing1, 0)?.Rank);

    [Fact]
    public void Words_in_a_message_do_not_make_it_news_of_others()
    {
        AbortNotice own = new(0, 1, "BoxerMpi.PeerFailedException: so I said");
        Assert.Equal(0, Verdict.ToBlame([new(1, 1, "exited")], [], null, own, 0)?.Rank);
    }

    [Fact]
    public void An_abort_with_code_0_still_fails_the_job() =>
        Assert.Equal(1, Verdict.ToBlame([], [], null, new AbortNotice(2, 0, "enough"), 0)?.ExitCode);

    [Theory]
    [InlineData("", new int[0])]
    [InlineData("3", new[] { 3 })]
    [InlineData("0, 1", new[] { 1, 0 })]
    [InlineData("0-2, 4, 6, 7", new[] { 0, 1, 2, 4, 6, 7 })]
    public void Ranks_are_listed_briefly(string expected, int[] ranks) => Assert.Equal(expected, Verdict.List(ranks));
}
