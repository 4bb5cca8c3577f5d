using System.Net;
using BoxerMpi.Coordinator;
using BoxerMpi.NatLab;
using BoxerMpi.Punching.Tests.Support;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Punching.Tests;

/// <summary>A rank on the coordinator's host that comes by a loopback address, as by the host's own name on Debian (127.0.1.1).</summary>
public sealed class LoopbackTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_is_refused_with_the_address_to_give_when_others_are_on_other_hosts(bool comesFirst)
    {
        await using LabJob job = Start();
        Task<JobClient> near = Task.FromResult<JobClient>(null!);
        if (comesFirst)
        {
            near = JoinAsync(job, 0, IPAddress.Parse("127.0.1.1"));
            await job.UntilAsync(() => job.Job.Progress.Joined == 1, "the rank on the coordinator's host");
        }

        Task<JobClient> far = job.JoinAsync(1, options => options with { Seed = At(job, Lab.SeedAddress) });
        if (!comesFirst)
        {
            await job.UntilAsync(() => job.Job.Progress.Joined == 1, "the rank on another host");
            near = JoinAsync(job, 0, IPAddress.Parse("127.0.1.1"));
        }

        RendezvousException error = await Assert.ThrowsAsync<RendezvousException>(() => near);
        Assert.Equal(RendezvousFailure.LoopbackAddress, error.Reason);
        Assert.Contains($"as {At(job, Lab.SeedAddress)}", error.Message, StringComparison.Ordinal);
        Assert.Contains($"rank 1 on another host ({job.Lab.Hosts[1].Address})", error.Message, StringComparison.Ordinal);

        // By the address that it was told it is taken, and linked.
        await using JobClient again = await JoinAsync(job, 0, Lab.SeedAddress);
        await job.WireAllAsync([again, await far]);
    }

    [Fact]
    public async Task It_is_taken_when_all_are_on_that_host_by_whatever_address()
    {
        await using LabJob job = Start();
        Task<JobClient> zero = JoinAsync(job, 0, IPAddress.Parse("127.0.1.1"));
        Task<JobClient> one = JoinAsync(job, 1, Lab.SeedAddress);
        await using JobClient first = await zero;
        await using JobClient second = await one;
        await job.WireAllAsync([first, second]);
    }

    private static LabJob Start() => LabJob.Start(
        new LabOptions { Hosts = 2, Kinds = [GatewayKind.None] },
        changeSeed: options => options with { Listen = new IPEndPoint(IPAddress.Any, 0), ExtraListen = null });

    private static IPEndPoint At(LabJob job, IPAddress address) => new(address, job.Seed.EndPoint.Port);

    private static Task<JobClient> JoinAsync(LabJob job, int rank, IPAddress seed) =>
        job.Lab.Seed.Run(() => JobClient.JoinAsync(job.Options(rank) with { Seed = At(job, seed) }, job.Deadline));
}
