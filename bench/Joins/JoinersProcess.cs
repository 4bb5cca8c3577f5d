using System.Diagnostics;
using System.Net;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Joins;

/// <summary>All ranks of a job in one process: they join, wait for the gate, report their links and leave.</summary>
/// <remarks>
/// They do not read the table of members into objects: a thousand tables of a thousand members are not the coordinator's cost.
/// </remarks>
internal static class JoinersProcess
{
    public static async Task<(double Joined, double Left)> RunAsync(IPEndPoint seed, byte[] token, int count)
    {
        long start = Stopwatch.GetTimestamp();
        ControlChannel[] started = await Task.WhenAll(Enumerable.Range(0, count).Select(rank => JoinAsync(seed, token, rank)));
        double joined = Stopwatch.GetElapsedTime(start).TotalSeconds;
        start = Stopwatch.GetTimestamp();
        await Task.WhenAll(started.Select(LeaveAsync));
        return (joined, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private static async Task<ControlChannel> JoinAsync(IPEndPoint seed, byte[] token, int rank)
    {
        // Each announces a port of its own, as ranks on one host do.
        JoinMessage JoinFrom(IPEndPoint local) => new()
        {
            MemberId = Guid.NewGuid(),
            ListenPort = (ushort)(1 + rank),
            Local = local,
            Host = "bench",
            ProcessId = Environment.ProcessId,
        };
        (ControlChannel channel, _) = await ControlHandshake.OpenAsync(
            new SeedTarget { Seed = seed, JobId = SeedProcess.JobId, Token = token, Timeout = TimeSpan.FromSeconds(60) },
            local => JoinFrom(local).Encode(),
            CancellationToken.None);
        while ((await channel.ReadAsync(CancellationToken.None)).Kind != ControlKind.Start)
        {
        }

        return channel;
    }

    private static async Task LeaveAsync(ControlChannel channel)
    {
        channel.Post(WireUpReport.Of(Enumerable.Range(0, 60).Select(peer => new LinkReport(peer, LinkWay.Direct, 1, TimeSpan.FromMilliseconds(peer))), TimeSpan.FromSeconds(1)).Encode());
        channel.PostLast(ShortMessages.Leave, "the benchmark is over");
        while ((await channel.ReadAsync(CancellationToken.None)).Kind != ControlKind.None)
        {
        }

        channel.Dispose();
    }
}
