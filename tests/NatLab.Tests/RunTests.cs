using System.Globalization;
using System.Text.Json;
using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.NatLab.Tests.Support;
using BoxerMpi.Processes;

namespace BoxerMpi.NatLab.Tests;

/// <summary><c>boxer run --on natlab</c>: what it gives to the ranks, and that the lab goes however the job ends.</summary>
/// <remarks>Not at the same time as others that remove all labs.</remarks>
[Collection("labs of launchers")]
public sealed class RunTests
{
    private static readonly string Hello = Path.Combine(AppContext.BaseDirectory, "Hello.dll");

    [Fact]
    public async Task Ranks_on_hosts_with_public_addresses_find_each_other()
    {
        Machine.RequireLab();
        string report = Path.Combine(Path.GetTempPath(), Machine.Prefix() + ".json");
        try
        {
            BoxerResult result = (await Boxer.RunAsync(
                "run", "-n", "3", "--on", "natlab", "--nat", "none", "--timeout", "50", "--report", report, Hello)).ExitsWith(0);
            Assert.Equal(3, result.Output.Count);
            for (int rank = 0; rank < 3; rank++)
                Assert.Equal($"rank {rank} of 3: ranks add up to 3", Assert.Single(result.OutputOf(rank)));
            using JsonDocument written = JsonDocument.Parse(await File.ReadAllTextAsync(report, TestContext.Current.CancellationToken));
            Assert.Equal(0, written.RootElement.GetProperty("exitCode").GetInt32());
        }
        finally
        {
            File.Delete(report);
        }
    }

    [Fact]
    public async Task Ranks_that_cannot_be_linked_name_the_setting_and_boxer_the_option()
    {
        Machine.RequireLab();
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "2", "--on", "natlab", "--nat", "symmetric", "--timeout", "50", Hello)).ExitsWith(1);
        Assert.Contains(result.Error, line => line.Contains("setting Relay lets them talk", StringComparison.Ordinal));
        Assert.All(
            result.Error.Where(line => line.Contains("--relay", StringComparison.Ordinal)),
            line => Assert.StartsWith("boxer: ranks 0, 1 are behind NATs", line, StringComparison.Ordinal));
        Assert.Contains(result.Error, line => line.Contains("--relay", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_model_of_a_lab_has_the_delay_of_its_network()
    {
        Machine.RequireLab();
        string file = Path.Combine(Path.GetTempPath(), Machine.Prefix() + ".json");
        try
        {
            BoxerResult result = (await Boxer.RunAsync(
                "calibrate", "-n", "3", "--on", "natlab", "--nat", "none", "--delay", "4", "--out", file)).ExitsWith(0);
            Assert.StartsWith("model measured: ", result.Output[0], StringComparison.Ordinal);
            using JsonDocument model = JsonDocument.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
            Assert.InRange(model.RootElement.GetProperty("latencySeconds").GetDouble(), 0.0018, 0.05); // half of the round trip
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Each_rank_is_on_a_host_of_its_own_and_has_what_other_ranks_have()
    {
        Machine.RequireLab();
        string prefix = Machine.Prefix();
        await using Boxer boxer = Boxer.StartWithInput(
            "run", "-n", "2", "--on", "natlab", "--prefix", prefix, "-x", "NEW=value", "--wdir", "/proc", "--",
            "sh", "-c", "echo in $(readlink self/ns/net); echo seed $BOXER_SEED $NEW; cat; exit $((BOXER_RANK * 5))");
        string[] namespaces = [await boxer.Output.WaitForAsync("[0] in "), await boxer.Output.WaitForAsync("[1] in ")];
        LabRecord record = LabRecords.Find(prefix)!;
        Assert.Equal(LabState.InUse, record.State);
        Assert.False(record.IsPinned);
        for (int rank = 0; rank < 2; rank++)
        {
            Assert.Equal($"[{rank}] in {record.Namespaces.Single(one => one.Name == $"host{rank}").Link}", namespaces[rank]);
            await boxer.Output.WaitForAsync(line => line.StartsWith($"[{rank}] seed {Lab.SeedAddress}:", StringComparison.Ordinal) && line.EndsWith(" value", StringComparison.Ordinal));
        }

        await boxer.Input.WriteLineAsync("typed");
        boxer.Input.Close();
        BoxerResult result = (await boxer.EndAsync()).ExitsWith(5);
        Assert.Contains("[0] typed", result.Output);
        await GoneAsync(record);
    }

    [Theory]
    [InlineData(NativeMethods.SigInt, 130)]
    [InlineData(NativeMethods.SigTerm, 143)]
    [InlineData(0, 124)]
    public async Task The_lab_goes_with_a_job_that_is_ended(int signal, int code)
    {
        Machine.RequireLab();
        string prefix = Machine.Prefix();
        string timeout = signal == 0 ? "1" : "1000";
        await using Boxer boxer = Boxer.Start(
            "run", "-n", "2", "--on", "natlab", "--prefix", prefix, "--delay", "1", "--timeout", timeout, "--", "sh", "-c",
            "echo up; exec sleep 1000");
        await boxer.Output.WaitForAsync("[0] up");
        await boxer.Output.WaitForAsync("[1] up");
        LabRecord record = LabRecords.Find(prefix)!;
        if (signal != 0)
            boxer.Signal(signal);
        (await boxer.EndAsync()).ExitsWith(code);
        await GoneAsync(record);
    }

    [Fact]
    public async Task After_the_launcher_is_killed_ranks_relay_and_namespaces_are_gone_and_its_record_too()
    {
        Machine.RequireLab();
        string prefix = Machine.Prefix();
        await using Boxer boxer = Boxer.Start(
            "run", "-n", "2", "--on", "natlab", "--prefix", prefix, "--delay", "1", "--", "sh", "-c",
            "setsid sleep 1000 & echo up; exec sleep 1000");
        await boxer.Output.WaitForAsync("[0] up");
        await boxer.Output.WaitForAsync("[1] up");
        LabRecord record = LabRecords.Find(prefix)!;

        // Two ranks with a child each, and the relay; the kernel keeps a namespace no longer than somebody is in it.
        await ProcessList.UntilAsync(() => LabProcesses.In(record).Count == 5, () => $"There are {LabProcesses.In(record).Count} processes.");
        boxer.Signal(NativeMethods.SigKill);
        await ProcessList.UntilAsync(() => LabProcesses.In(record).Count == 0, () => $"There are {LabProcesses.In(record).Count} processes.");

        await ProcessList.UntilAsync(() => LabRecords.Find(prefix) is null, () => "The record is still there.");
        BoxerResult status = (await Boxer.RunAsync("natlab", "status")).ExitsWith(0);
        Assert.DoesNotContain(status.Output, line => line.StartsWith(prefix, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_benchmark_measures_on_the_hosts_of_a_lab_as_well()
    {
        Machine.RequireLab();
        BoxerResult result = (await Boxer.RunAsync(
            "bench", "pingpong", "-n", "2", "--on", "natlab", "--nat", "none", "--delay", "20", "--bytes", "8", "--seconds", "0.1",
            "--warmup", "0.01")).ExitsWith(0);

        // Half of a round trip, at best.
        string[] row = result.Output[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.InRange(double.Parse(Array.Find(row, field => field.Contains('.', StringComparison.Ordinal))!, CultureInfo.InvariantCulture), 9_800, 13_000);
    }

    [Fact]
    public async Task A_program_that_is_not_there_makes_no_lab()
    {
        Machine.RequireLab();
        string prefix = Machine.Prefix();
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "2", "--on", "natlab", "--prefix", prefix, "no-such-program")).ExitsWith(2);
        Assert.Contains("no program no-such-program", result.Error[0], StringComparison.Ordinal);
        Assert.Null(LabRecords.Find(prefix));
    }

    private static async Task GoneAsync(LabRecord record)
    {
        Assert.Null(LabRecords.Find(record.Prefix));
        Assert.Empty(Machine.Names(record.Prefix));
        await ProcessList.UntilAsync(() => LabProcesses.In(record).Count == 0, () => "Processes are left in the lab.");
    }
}
