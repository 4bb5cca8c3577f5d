using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.NatLab.Tests.Support;
using BoxerMpi.Processes;

namespace BoxerMpi.NatLab.Tests;

/// <summary><c>boxer natlab</c>, as a user runs it, and that nothing stays behind.</summary>
/// <remarks>Not at the same time as others that remove all labs.</remarks>
[Collection("labs of launchers")]
public sealed class CommandTests
{
    [Fact]
    public async Task A_lab_goes_up_runs_commands_and_goes_down()
    {
        Machine.RequireLab();
        string prefix = Machine.Prefix();
        (await Boxer.RunAsync("natlab", "up", "2", "--prefix", prefix, "--nat", "none,cone", "--delay", "1")).ExitsWith(0);
        try
        {
            // net, seed, two hosts and one gateway.
            Assert.Equal(5, Machine.Names(prefix).Count);
            string status = Assert.Single((await Boxer.RunAsync("natlab", "status")).ExitsWith(0).Output, line => line.StartsWith(prefix + " ", StringComparison.Ordinal));
            Assert.Contains("up: 2 hosts, none,cone, delay 1 ms; 1 process in it", status, StringComparison.Ordinal);

            BoxerResult where = (await Boxer.RunAsync("natlab", "exec", "--prefix", prefix, "1", "--", "readlink", "/proc/self/ns/net")).ExitsWith(0);
            LabRecord record = LabRecords.Find(prefix)!;
            Assert.Equal(record.Namespaces.Single(one => one.Name == "host1").Link, Assert.Single(where.Output));
            where = (await Boxer.RunAsync("natlab", "exec-seed", "--prefix", prefix, "--", "readlink", "/proc/self/ns/net")).ExitsWith(0);
            Assert.Equal(record.Namespaces.Single(one => one.Name == "seed").Link, Assert.Single(where.Output));

            // What the command says and how it ends is its own; -- may be left out.
            (await Boxer.RunAsync("natlab", "exec", "--prefix", prefix, "0", "sh", "-c", "exit 7")).ExitsWith(7);
            (await Boxer.RunAsync("natlab", "exec", "--prefix", prefix, "0", "--", "no-such-command")).ExitsWith(127);
            BoxerResult echoed = (await Boxer.RunAsync("natlab", "exec", "--prefix", prefix, "0", "--", "echo", "--", "-x=1", "a b")).ExitsWith(0);
            Assert.Equal("-- -x=1 a b", Assert.Single(echoed.Output));
            BoxerResult wrong = (await Boxer.RunAsync("natlab", "exec", "--prefix", prefix, "2", "--", "true")).ExitsWith(2);
            Assert.Contains("has no host '2'", wrong.Error[0], StringComparison.Ordinal);
            Assert.Contains("the command is missing", (await Boxer.RunAsync("natlab", "exec", "--prefix", prefix, "0")).ExitsWith(2).Error[0], StringComparison.Ordinal);

            wrong = (await Boxer.RunAsync("natlab", "up", "2", "--prefix", prefix)).ExitsWith(2);
            Assert.Contains("is taken by another lab", wrong.Error[0], StringComparison.Ordinal);
            Assert.Equal(5, Machine.Names(prefix).Count);

            await using Boxer sleeper = Boxer.Start("natlab", "exec", "--prefix", prefix, "0", "--", "sh", "-c", "echo here; exec sleep 1000");
            await sleeper.Output.WaitForAsync("here");
            (await Boxer.RunAsync("natlab", "down", "--prefix", prefix)).ExitsWith(0);
            (await sleeper.EndAsync()).ExitsWith(128 + NativeMethods.SigTerm);
            Assert.Empty(Machine.Names(prefix));
            Assert.Null(LabRecords.Find(prefix));
            Assert.Empty(LabProcesses.In(record));
        }
        finally
        {
            await Boxer.RunAsync("natlab", "down", "--prefix", prefix);
        }
    }

    [Fact]
    public async Task Labs_whose_names_begin_alike_do_not_touch_each_other()
    {
        Machine.RequireLab();
        string prefix = Machine.Prefix();
        string[] others = [prefix + "-host", prefix + "-nat0"];
        string[] all = [.. others, prefix];
        try
        {
            foreach (string one in all)
                (await Boxer.RunAsync("natlab", "up", "1", "--prefix", one)).ExitsWith(0);
            (await Boxer.RunAsync("natlab", "down", "--prefix", prefix)).ExitsWith(0);
            Assert.Empty(Machine.Names(prefix));
            foreach (string one in others)
            {
                Assert.Equal(4, Machine.Names(one).Count);
                (await Boxer.RunAsync("natlab", "exec", "--prefix", one, "0", "--", "true")).ExitsWith(0);
            }
        }
        finally
        {
            foreach (string one in all)
                await Boxer.RunAsync("natlab", "down", "--prefix", one);
        }
    }

    [Fact]
    public async Task Whoever_may_not_remove_a_lab_is_told_so_and_it_stays_whole()
    {
        Machine.RequireLab();
        string prefix = Machine.Prefix();
        (await Boxer.RunAsync("natlab", "up", "1", "--prefix", prefix)).ExitsWith(0);
        try
        {
            BoxerResult down = (await Boxer.RunUnderAsync(["unshare", "--user"], "natlab", "down", "--prefix", prefix)).ExitsWith(2);
            Assert.Contains($"lab {prefix} cannot be removed", down.Error[0], StringComparison.Ordinal);
            Assert.Contains("root", down.Error[1], StringComparison.Ordinal);
            Assert.Equal(4, Machine.Names(prefix).Count);

            // What runs in a lab only root sees.
            BoxerResult status = (await Boxer.RunUnderAsync(["unshare", "--user"], "natlab", "status")).ExitsWith(0);
            string line = Assert.Single(status.Output, line => line.StartsWith(prefix + " ", StringComparison.Ordinal));
            Assert.DoesNotContain("processes", line, StringComparison.Ordinal);
        }
        finally
        {
            (await Boxer.RunAsync("natlab", "down", "--prefix", prefix)).ExitsWith(0);
        }
    }

    [Fact]
    public async Task A_signal_or_a_kill_while_a_lab_is_made_leaves_nothing_that_down_all_does_not_remove()
    {
        Machine.RequireLab();
        foreach (int signal in (int[])[NativeMethods.SigInt, NativeMethods.SigTerm, NativeMethods.SigQuit, NativeMethods.SigKill])
        {
            string prefix = Machine.Prefix();
            await using Boxer boxer = Boxer.Start("natlab", "up", "400", "--prefix", prefix);
            await ProcessList.UntilAsync(() => LabRecords.Find(prefix) is { OwnerStart: >= 0 }, () => "The lab was not begun.");
            boxer.Signal(signal);
            BoxerResult result = (await boxer.EndAsync()).ExitsWith(128 + signal);
            Assert.Empty(result.Output);
            if (signal == NativeMethods.SigKill)
            {
                BoxerResult status = (await Boxer.RunAsync("natlab", "status")).ExitsWith(0);
                Assert.Contains(status.Output, line => line.StartsWith(prefix, StringComparison.Ordinal) && line.Contains("left over", StringComparison.Ordinal));
                (await Boxer.RunAsync("natlab", "down", "--all")).ExitsWith(0);
            }

            Assert.Empty(Machine.Names(prefix));
            Assert.Null(LabRecords.Find(prefix));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_signal_that_comes_when_the_lab_is_complete_is_not_lost(bool pin)
    {
        Machine.RequireLab();
        string prefix = Machine.Prefix();
        using Interruption interruption = new();
        InterruptedException ended = Assert.Throws<InterruptedException>(() => interruption.Guard(
            token =>
            {
                // HUP, which nothing else in this process takes.
                Lab lab = Lab.Create(new LabOptions { Hosts = 1 }, prefix, pin, CancellationToken.None);
                Assert.Equal(0, NativeMethods.Kill(Environment.ProcessId, NativeMethods.SigHup));
                Assert.True(token.WaitHandle.WaitOne(TimeSpan.FromSeconds(10)));
                return lab;
            },
            lab => lab.Abandon()));
        Assert.Equal(128 + NativeMethods.SigHup, ended.ExitCode);
        Assert.Empty(Machine.Names(prefix));
        Assert.Null(LabRecords.Find(prefix));
    }

    [Fact]
    public async Task Down_all_removes_what_dead_labs_left_and_spares_those_in_use()
    {
        using Lab used = Machine.Make(new LabOptions { Hosts = 1 });

        // A lab whose maker died after it had given names and started the relay.
        string prefix = Machine.Prefix();
        (await Boxer.RunAsync("natlab", "up", "1", "--prefix", prefix, "--loss", "1")).ExitsWith(0);
        LabRecord record = LabRecords.Find(prefix)!;
        LabRecords.Update(record with { IsReady = false });
        int relay = Assert.Single(LabProcesses.In(record));

        BoxerResult status = (await Boxer.RunAsync("natlab", "status")).ExitsWith(0);
        Assert.Contains(status.Output, line => line.StartsWith(prefix, StringComparison.Ordinal) && line.Contains("left over", StringComparison.Ordinal));
        Assert.Contains(status.Output, line => line.StartsWith(used.Prefix, StringComparison.Ordinal) && line.Contains($"used by process {Environment.ProcessId}", StringComparison.Ordinal));
        BoxerResult down = (await Boxer.RunAsync("natlab", "down", "--all")).ExitsWith(0);
        Assert.Contains($"{prefix} removed", down.Output);
        Assert.Contains(down.Output, line => line.StartsWith($"{used.Prefix} stays", StringComparison.Ordinal));
        Assert.Empty(Machine.Names(prefix));
        Assert.False(ProcessList.IsAlive(relay));
        Assert.NotNull(LabRecords.Find(used.Prefix));

        BoxerResult refused = (await Boxer.RunAsync("natlab", "down", "--prefix", used.Prefix)).ExitsWith(2);
        Assert.Contains("is used by process", refused.Error[0], StringComparison.Ordinal);

        // A lab without names can be looked into as well.
        BoxerResult where = (await Boxer.RunAsync("natlab", "exec", "--prefix", used.Prefix, "0", "--", "readlink", "/proc/self/ns/net")).ExitsWith(0);
        Assert.Equal(LabRecords.Find(used.Prefix)!.Namespaces.Single(one => one.Name == "host0").Link, Assert.Single(where.Output));
    }

    [Fact]
    public async Task A_rate_is_what_iperf3_measures_both_ways()
    {
        Machine.RequireLab();
        string prefix = Machine.Prefix();
        (await Boxer.RunAsync("natlab", "up", "1", "--prefix", prefix, "--rate", "621mbit")).ExitsWith(0);
        try
        {
            foreach (string direction in (string[])["--get-server-output", "--reverse"])
            {
                // 621 on the wire are 594 of payload in full packets; a bucket of 256 KiB adds 1 Mbit/s. A busy machine sends less now and then.
                double best = 0;
                for (int attempt = 0; attempt < 3 && best < 540; attempt++)
                    best = Math.Max(best, await MegabitsPerSecondAsync(prefix, direction));
                Assert.InRange(best, 540, 605);
            }
        }
        finally
        {
            await Boxer.RunAsync("natlab", "down", "--prefix", prefix);
        }
    }

    private static async Task<double> MegabitsPerSecondAsync(string prefix, string direction)
    {
        string port = FreePort(prefix).ToString(CultureInfo.InvariantCulture);
        await using Boxer server = Boxer.Start("natlab", "exec-seed", "--prefix", prefix, "--", "iperf3", "-s", "-1", "--forceflush", "-p", port);
        await server.Output.WaitForAsync("Server listening");
        BoxerResult client = (await Boxer.RunAsync(
            "natlab", "exec", "--prefix", prefix, "0", "--", "iperf3", "-c", Lab.SeedAddress.ToString(), "-p", port, "-t", "2", "-J", direction)).ExitsWith(0);
        using JsonDocument report = JsonDocument.Parse(string.Join('\n', client.Output));
        return report.RootElement.GetProperty("end").GetProperty("sum_received").GetProperty("bits_per_second").GetDouble() / 1e6;
    }

    private static int FreePort(string prefix)
    {
        using Kernel.NetworkNamespace seed = LabRecords.Find(prefix)!.Open("seed");
        using Socket socket = seed.Run(() => Probe.Listen(Lab.SeedAddress));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
