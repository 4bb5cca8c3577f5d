using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.Tests;

/// <summary>Ranks that are killed or stopped in each phase of a job: the job ends, names them, and exits with their code.</summary>
/// <remarks>Without <c>--timeout</c>: nothing but the coordinator's and the supervisor's attention ends these jobs.</remarks>
public sealed class LostRankTests
{
    private const int SigStop = 19;

    // Long for a machine in good health and busy with other tests, short for these tests.
    private const string Silence = "3";

    private static readonly string Puppet = Path.Combine(AppContext.BaseDirectory, "Puppet.dll");

    [Theory]
    [InlineData("start")]
    [InlineData("wire-up")]
    [InlineData("body")]
    [InlineData("barrier")]
    [InlineData("end")]
    public async Task A_rank_that_is_killed_is_to_blame_in_each_phase(string phase)
    {
        await using Boxer boxer = Boxer.Start("run", "-n", "3", Puppet, "stand", "1", phase);
        int[] ids = await StandingAsync(boxer);
        Kill(ids[1], NativeMethods.SigKill);
        await EndsAsync(boxer, ids, 137, "boxer: rank 1 was killed by SIGKILL (exit code 137)");
    }

    [Theory]
    [InlineData("wire-up")]
    [InlineData("body")]
    [InlineData("barrier")]
    public async Task A_rank_that_is_stopped_is_to_blame_in_each_phase(string phase)
    {
        await using Boxer boxer = Boxer.Start("run", "-n", "3", "--silence-timeout", Silence, Puppet, "stand", "1", phase);
        int[] ids = await StandingAsync(boxer);
        Kill(ids[1], SigStop);
        await EndsAsync(boxer, ids, 1, $"boxer: rank 1 was lost: it was silent for {Silence} s; its process (pid {ids[1]}) is stopped");
    }

    [Theory]
    [InlineData(NativeMethods.SigKill)]
    [InlineData(SigStop)]
    public async Task A_rank_that_ends_while_it_waits_for_others_is_to_blame(int signal)
    {
        // Rank 2 never joins, and tells of those that do.
        string boxerPath = Path.Combine(AppContext.BaseDirectory, "boxer");
        string script = $"[ $BOXER_RANK = 2 ] && exec '{boxerPath}' members --seed $BOXER_SEED --job $BOXER_JOB --follow; exec dotnet '{Puppet}' stand 1 body";
        await using Boxer boxer = Boxer.Start("run", "-n", "3", "--silence-timeout", Silence, "--", "sh", "-c", script);
        int id = ProcessList.IdIn(await boxer.Output.WaitForAsync("[1] pid "));
        await boxer.Output.WaitForAsync(line => line.Contains("\"joined\"", StringComparison.Ordinal) && line.Contains("\"rank\":1,", StringComparison.Ordinal));
        Kill(id, signal);
        await (signal == SigStop
            ? EndsAsync(boxer, [id], 1, $"boxer: rank 1 was lost: it was silent for {Silence} s; its process (pid {id}) is stopped")
            : EndsAsync(boxer, [id], 137, "boxer: rank 1 was killed by SIGKILL (exit code 137)"));
    }

    [Theory]
    [InlineData(NativeMethods.SigKill, 137, "boxer: rank [0-2] was killed by SIGKILL")]
    [InlineData(SigStop, 1, "boxer: rank [0-2] was lost: it was silent for 3 s; its process .pid [0-9]+. is stopped")]
    public async Task A_job_ends_whose_ranks_are_all_gone(int signal, int code, string message)
    {
        await using Boxer boxer = Boxer.Start("run", "-n", "3", "--silence-timeout", Silence, Puppet, "stand", "1", "body");
        int[] ids = await StandingAsync(boxer);
        foreach (int id in ids)
            Kill(id, signal);
        BoxerResult result = (await boxer.EndAsync()).ExitsWith(code);
        Assert.Matches(message, Verdict(result));
        await ProcessList.GoneAsync(ids);
    }

    private static void Kill(int id, int signal) => Assert.Equal(0, NativeMethods.Kill(id, signal));

    /// <summary>The process ids of three ranks, once rank 1 stands still.</summary>
    private static async Task<int[]> StandingAsync(Boxer boxer)
    {
        int[] ids = new int[3];
        for (int rank = 0; rank < ids.Length; rank++)
            ids[rank] = ProcessList.IdIn(await boxer.Output.WaitForAsync($"[{rank}] pid "));
        await boxer.Output.WaitForAsync("[1] here");
        return ids;
    }

    private static async Task EndsAsync(Boxer boxer, int[] ids, int code, string verdict)
    {
        BoxerResult result = (await boxer.EndAsync()).ExitsWith(code);
        Assert.StartsWith(verdict, Verdict(result), StringComparison.Ordinal);
        await ProcessList.GoneAsync(ids);
    }

    private static string Verdict(BoxerResult result) => result.Error.First(line => line.StartsWith("boxer: ", StringComparison.Ordinal));
}
