using System.Net.Sockets;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Rendezvous.Tests;

public class WireUpTests
{
    [Theory]
    [InlineData("mesh", 8)]
    [InlineData("mesh", 16)]
    [InlineData("mesh", 1)]
    [InlineData("mesh", 2)]
    [InlineData("grid:3x4", 12)]
    [InlineData("grid", 13)]
    [InlineData("tree", 11)]
    [InlineData("tree:3", 16)]
    [InlineData("ring", 9)]
    [InlineData("star", 8)]
    [InlineData("hypercube", 16)]
    [InlineData("edges:0-1,1-2,0-4,3-4", 5)]
    public async Task A_wire_up_makes_exactly_the_links_of_the_topology(string topology, int size)
    {
        await using TestJob job = new(size, job: spec => spec with { Topology = topology });
        JobClient[] ranks = await job.JoinAllAsync();
        LinkBox[] boxes = [.. ranks.Select(_ => new LinkBox())];
        WireUpReport[] reports = await Task.WhenAll(ranks.Select((rank, i) => rank.WireUpAsync(rank.Topology, boxes[i].Take, cancellationToken: job.Deadline)));

        foreach (JobClient rank in ranks)
        {
            LinkBox box = boxes[rank.Rank];
            Assert.Equal(rank.Topology.Neighbours(rank.Rank).ToArray().Order(), box.Peers);
            Assert.Equal(box.Peers.Count(), reports[rank.Rank].Count);
            foreach (int peer in box.Peers)
            {
                Assert.True(box.Single(peer).NoDelay);
                await AssertConnectedAsync(box.Single(peer), boxes[peer].Single(rank.Rank), job.Deadline);
            }
        }

        await job.Job.AllLinked.WaitAsync(job.Deadline);
        Assert.All(job.Job.Statuses, status => Assert.Equal(MemberState.Linked, status.State));
        foreach (LinkBox box in boxes)
            box.Dispose();
    }

    private static async Task AssertConnectedAsync(Socket left, Socket right, CancellationToken cancellationToken)
    {
        byte[] sent = [1, 2, 3];
        byte[] received = new byte[3];
        await left.SendAsync(sent, cancellationToken);
        int count = 0;
        while (count < received.Length)
            count += await right.ReceiveAsync(received.AsMemory(count), cancellationToken);
        Assert.Equal(sent, received);
    }
}
