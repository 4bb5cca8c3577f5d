using System.Globalization;
using System.Net;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Joins;

/// <summary>The coordinator alone in a process, so that its processor time is its own.</summary>
internal static class SeedProcess
{
    public const string JobId = "joins";

    public static async Task<int> RunAsync(int size)
    {
        byte[] token = Convert.FromHexString(Console.ReadLine()!);
        await using Seed seed = Seed.Start(new SeedOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) });
        SeedJob job = seed.AddJob(new JobSpec { JobId = JobId, Token = token, Size = size, Topology = "grid" });
        Console.WriteLine($"{seed.EndPoint} {Seconds()}");
        await job.AllLeft;
        if (job.Statuses.Any(status => status.State != MemberState.Left))
            throw new InvalidOperationException("Not all members have joined, linked and left.");
        Console.WriteLine(Seconds());
        return 0;
    }

    /// <summary>Processor time of this process since its start, the runtime's own included.</summary>
    private static string Seconds() => Environment.CpuUsage.TotalTime.TotalSeconds.ToString(CultureInfo.InvariantCulture);
}
