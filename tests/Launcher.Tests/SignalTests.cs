using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.Processes;
using Proc = BoxerMpi.Launcher.Tests.Support.ProcessList;

namespace BoxerMpi.Launcher.Tests;

/// <summary>Signals to the launcher, and that nothing stays behind, whatever ends first.</summary>
public sealed class SignalTests
{
    // Each rank with a child in its group and a child that made a session of its own.
    private const string Family =
        "sleep 1000 & echo child $!; setsid sleep 1000 & echo detached $!; trap 'echo told; exit 0' TERM; echo rank $$; while :; do sleep 0.02; done";

    // Takes no hint.
    private const string Stubborn = "trap '' TERM INT; echo rank $$; while :; do sleep 0.02; done";

    [Theory]
    [InlineData(NativeMethods.SigTerm)]
    [InlineData(NativeMethods.SigInt)]
    [InlineData(NativeMethods.SigHup)]
    [InlineData(NativeMethods.SigQuit)]
    public async Task A_signal_is_passed_on_as_TERM_and_becomes_the_exit_code(int signal)
    {
        await using Boxer boxer = Boxer.Start("run", "-n", "2", "--", "sh", "-c", Family);
        int[] ids = await StartedAsync(boxer, 2);
        boxer.Signal(signal);
        BoxerResult result = (await boxer.EndAsync()).ExitsWith(128 + signal);
        for (int rank = 0; rank < 2; rank++)
            Assert.Contains("told", result.OutputOf(rank));
        await Proc.GoneAsync(ids);
    }

    [Fact]
    public async Task A_rank_that_ignores_TERM_is_killed_after_the_grace()
    {
        await using Boxer boxer = Boxer.Start("run", "-n", "2", "--grace", "0.3", "--", "sh", "-c", Stubborn);
        int[] ids = await StartedAsync(boxer, 2, perRank: 1);
        boxer.Signal(NativeMethods.SigTerm);
        (await boxer.EndAsync()).ExitsWith(143);
        await Proc.GoneAsync(ids);
    }

    [Fact]
    public async Task A_second_signal_kills_at_once()
    {
        // The grace is longer than the test may take, so only the second signal can end it.
        await using Boxer boxer = Boxer.Start("run", "-n", "2", "--grace", "10000", "--", "sh", "-c", Stubborn);
        int[] ids = await StartedAsync(boxer, 2, perRank: 1);
        boxer.Signal(NativeMethods.SigInt);
        await boxer.Error.WaitForAsync("SIGINT");
        boxer.Signal(NativeMethods.SigInt);
        (await boxer.EndAsync()).ExitsWith(130);
        await Proc.GoneAsync(ids);
    }

    [Fact]
    public async Task User_signals_reach_the_ranks()
    {
        const string Script = "trap 'echo one' USR1; trap 'echo two; exit 4' USR2; echo ready; while :; do sleep 0.02; done";
        await using Boxer boxer = Boxer.Start("run", "-n", "2", "--", "sh", "-c", Script);
        await boxer.Output.WaitForAsync("[0] ready");
        await boxer.Output.WaitForAsync("[1] ready");
        boxer.Signal(NativeMethods.SigUser1);
        await boxer.Output.WaitForAsync("[0] one");
        await boxer.Output.WaitForAsync("[1] one");
        boxer.Signal(NativeMethods.SigUser2);
        (await boxer.EndAsync()).ExitsWith(4);
    }

    [Fact]
    public async Task Stop_and_continue_reach_the_ranks()
    {
        const int TerminalStop = 20;

        // A program that starts no others: a shell that waits for a stopped child to execute shows another state.
        await using Boxer boxer = Boxer.Start("run", "-n", "1", "--", "sh", "-c", "echo rank $$; exec sleep 1000");
        int rank = (await StartedAsync(boxer, 1, perRank: 1))[0];
        await Proc.UntilAsync(() => Proc.State(rank) == 'S', () => "The rank does not sleep.");
        boxer.Signal(TerminalStop);
        await Proc.UntilAsync(
            () => Proc.State(rank) == 'T' && Proc.State(boxer.Id) == 'T',
            () => $"Rank and launcher are {Proc.State(rank)} and {Proc.State(boxer.Id)} instead of stopped.");
        boxer.Signal(NativeMethods.SigContinue);
        await Proc.UntilAsync(
            () => Proc.State(rank) != 'T' && Proc.State(boxer.Id) != 'T',
            () => $"Rank and launcher are {Proc.State(rank)} and {Proc.State(boxer.Id)} instead of going on.");
    }

    [Fact]
    public async Task Killing_the_launcher_leaves_nothing_behind()
    {
        await using Boxer boxer = Boxer.Start("run", "-n", "3", "--", "sh", "-c", Family);
        int[] ids = await StartedAsync(boxer, 3);
        int watchdog = Assert.Single(Proc.ChildrenOf(boxer.Id, "boxer-watchdog"));
        boxer.Signal(NativeMethods.SigKill);
        await Proc.GoneAsync([.. ids, watchdog]);
    }

    [Fact]
    public async Task Killing_the_launcher_leaves_nothing_behind_that_ignores_TERM()
    {
        await using Boxer boxer = Boxer.Start("run", "-n", "2", "--grace", "0.3", "--", "sh", "-c", Stubborn);
        int[] ids = await StartedAsync(boxer, 2, perRank: 1);
        boxer.Signal(NativeMethods.SigKill);
        await Proc.GoneAsync(ids);
    }

    [Fact]
    public async Task Killing_the_watchdog_before_the_launcher_leaves_nothing_behind()
    {
        await using Boxer boxer = Boxer.Start("run", "-n", "2", "--", "sh", "-c", Family);
        int[] ids = await StartedAsync(boxer, 2);
        int first = Assert.Single(Proc.ChildrenOf(boxer.Id, "boxer-watchdog"));
        Assert.Equal(0, NativeMethods.Kill(first, NativeMethods.SigKill));
        await Proc.UntilAsync(
            () => Proc.ChildrenOf(boxer.Id, "boxer-watchdog").Any(id => id != first && Proc.IsAlive(id)), () => "No new watchdog came.");
        boxer.Signal(NativeMethods.SigKill);
        await Proc.GoneAsync(ids);
    }

    [Fact]
    public async Task Children_of_ranks_that_ended_well_are_ended_too()
    {
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "2", "--", "sh", "-c", "sleep 1000 & echo child $!; setsid sleep 1000 & echo detached $!")).ExitsWith(0);
        Assert.Equal(4, result.Output.Count);
        await Proc.GoneAsync(result.Output.Select(Proc.IdIn));
    }

    [Fact]
    public async Task A_launcher_within_a_rank_ends_with_its_own_ranks()
    {
        string boxerPath = Path.Combine(AppContext.BaseDirectory, "boxer");
        await using Boxer boxer = Boxer.Start(
            "run", "-n", "1", "--grace", "5", "--", boxerPath, "run", "-n", "2", "--", "sh", "-c", Family);
        List<int> ids = [];
        foreach (int rank in (int[])[0, 1])
            ids.Add(Proc.IdIn(await boxer.Output.WaitForAsync($"[0] [{rank}] rank ")));
        boxer.Signal(NativeMethods.SigKill);
        await Proc.GoneAsync(ids);
    }

    /// <summary>The ids of all processes of the ranks, once all have said theirs.</summary>
    private static async Task<int[]> StartedAsync(Boxer boxer, int size, int perRank = 3)
    {
        List<int> ids = [];
        foreach (string kind in ((string[])["rank", "child", "detached"])[..perRank])
        {
            for (int rank = 0; rank < size; rank++)
                ids.Add(Proc.IdIn(await boxer.Output.WaitForAsync($"[{rank}] {kind} ")));
        }

        return [.. ids];
    }
}
