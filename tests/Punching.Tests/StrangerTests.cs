using System.Text;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;
using BoxerMpi.NatLab;
using BoxerMpi.Punching.Tests.Support;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Punching.Tests;

/// <summary>Strangers at a port that a rank has opened for another one, while the two have their link.</summary>
public sealed class StrangerTests
{
    // The third host is none of the job's; the gateway of rank 0 lets anybody in.
    private static readonly LabOptions Network = new() { Hosts = 3, Kinds = [GatewayKind.FullCone, GatewayKind.Cone, GatewayKind.None] };

    [Fact]
    public async Task A_recorded_conversation_that_is_said_again_is_refused_and_the_link_stays()
    {
        await using LabJob first = LabJob.Start(Network, TwoRanks);
        using WireRecording atRank0 = new(first.Lab.Hosts[0].Gateway!);
        using WireRecording atRank1 = new(first.Lab.Hosts[1].Gateway!);
        JobClient[] ranks = await PunchAsync(first);
        byte[] ofRank1 = HelloAndProof(atRank0.Stream(ranks[1].ObservedEndPoint, ranks[0].ObservedEndPoint), ranks[1]);
        byte[] ofRank0 = HelloAndProof(atRank1.Stream(ranks[0].ObservedEndPoint, ranks[1].ObservedEndPoint), ranks[0]);

        // Rank 1's words to rank 0, twice; and rank 0's own.
        for (int i = 0; i < 2; i++)
            await ReplayAsync(first, ranks[0], ofRank1, [ControlKind.LinkHello, ControlKind.LinkProof, ControlKind.LinkRefused], "the job's token was not proven");
        await ReplayAsync(first, ranks[0], ofRank0, [ControlKind.LinkRefused], "this is rank 0, not rank 1");
        await CheckTheLinkAsync(first, ranks);
        await first.EndAsync();

        // In the next job, before the two have their link.
        LabJob second = first.Again(TwoRanks);
        ranks = await JoinAsync(second);
        await ReplayAsync(second, ranks[0], ofRank1, [ControlKind.LinkRefused], "another member has rank 1");
        await WireAsync(second, ranks);
        await CheckTheLinkAsync(second, ranks);
        await second.EndAsync();
    }

    [Fact]
    public async Task Garbage_is_closed_with_the_reason_and_the_link_stays()
    {
        await using LabJob job = LabJob.Start(Network, TwoRanks);
        JobClient[] ranks = await PunchAsync(job);
        LinkHello hello = new(Protocol.Version, job.Job.Spec.JobId, 1, 0, 0, ranks[1].Members[1].Id, Proof.Nonce());
        byte[] whole = hello.Encode().ToArray();
        byte[] otherMagic = [.. whole];
        otherMagic[ControlFrame.PrefixBytes] ^= 0xff;
        (byte[] Said, string Reason)[] garbage =
        [
            ("GET / HTTP/1.1\r\nHost: boxer\r\n\r\n"u8.ToArray(), "a frame of 542393671 bytes was announced"),
            ([0xff, 0xff, 0xff, 0xff, (byte)ControlKind.LinkHello], "a frame of -1 bytes was announced"),
            (otherMagic, "does not open a link"),
            (LinkMessages.EncodeProof(new byte[Proof.Bytes]).ToArray(), $"a message of kind {(byte)ControlKind.LinkProof} came out of turn"),
            (LinkMessages.Commit.ToArray(), $"a message of kind {(byte)ControlKind.LinkCommit} came out of turn"),
            ([.. whole, .. whole], $"a message of kind {(byte)ControlKind.LinkHello} came out of turn"),
        ];
        foreach ((byte[] said, string reason) in garbage)
        {
            using Stranger stranger = Stranger.Connect(job.Lab.Hosts[2], ranks[0].ObservedEndPoint);
            await stranger.SendAsync(said, job.Deadline);
            Assert.DoesNotContain(await stranger.ReceiveToEndAsync(job.Deadline), frame => frame.Kind is ControlKind.LinkBlock or ControlKind.LinkCommit);
            await job.UntilAsync(
                () => job.Log.Any(line => line.StartsWith($"[0] Closed the connection from {stranger.Local}: ", StringComparison.Ordinal) && line.Contains(reason, StringComparison.Ordinal)),
                $"the reason in the log: {reason}");
        }

        await CheckTheLinkAsync(job, ranks);
    }

    private static JobSpec TwoRanks(JobSpec spec) => spec with { Size = 2 };

    private static Task<JobClient[]> JoinAsync(LabJob job) => Task.WhenAll(job.JoinAsync(0), job.JoinAsync(1));

    private static async Task<JobClient[]> PunchAsync(LabJob job)
    {
        JobClient[] ranks = await JoinAsync(job);
        await WireAsync(job, ranks);
        return ranks;
    }

    private static async Task WireAsync(LabJob job, JobClient[] ranks)
    {
        WireUpReport[] reports = await job.WireAllAsync(ranks);
        Assert.All(reports, report => Assert.Equal(LinkWay.Punched, Assert.Single(report.Links).Way));
    }

    /// <summary>The first two messages of a recorded conversation, which have to be those of a member.</summary>
    private static byte[] HelloAndProof(byte[] recorded, JobClient sender)
    {
        List<(ControlKind Kind, byte[] Payload)> frames = Stranger.Frames(recorded);
        Assert.Equal([ControlKind.LinkHello, ControlKind.LinkProof], frames.Take(2).Select(frame => frame.Kind));
        Assert.Equal(sender.Members[sender.Rank].Id, LinkHello.Decode(frames[0].Payload).MemberId);
        return recorded[..frames.Take(2).Sum(frame => ControlFrame.PrefixBytes + frame.Payload.Length)];
    }

    /// <summary>Says it again, from where anybody may be, and is refused with the reason.</summary>
    private static async Task ReplayAsync(LabJob job, JobClient rank, byte[] recorded, ControlKind[] answers, string reason)
    {
        using Stranger stranger = Stranger.Connect(job.Lab.Hosts[2], rank.ObservedEndPoint);
        await stranger.SendAsync(recorded, job.Deadline);
        List<(ControlKind Kind, byte[] Payload)> received = await stranger.ReceiveToEndAsync(job.Deadline);
        Assert.Equal(answers, received.Select(frame => frame.Kind));
        Assert.Contains(reason, Encoding.UTF8.GetString(received[^1].Payload), StringComparison.Ordinal);
        string line = $"[{rank.Rank}] Refused a link from {stranger.Local}: {reason}.";
        await job.UntilAsync(() => job.Log.Contains(line), $"the reason in the log: {line}");
    }

    /// <summary>The pair has the link that it had, it carries data, and the job ends well.</summary>
    private static async Task CheckTheLinkAsync(LabJob job, JobClient[] ranks)
    {
        Assert.Equal([1], job.Boxes[0].Peers);
        Assert.Equal([0], job.Boxes[1].Peers);
        await job.CheckAsync(0, 1);
        await job.CheckAsync(1, 0);
        await Task.WhenAll(ranks.Select(rank => rank.LeaveAsync()));
        await job.Job.AllLeft.WaitAsync(job.Deadline);
        Assert.All(job.Job.Statuses, status => Assert.Null(status.FailureReason));
    }
}
