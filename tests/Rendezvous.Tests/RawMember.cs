using System.Net;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Rendezvous.Tests;

/// <summary>A member that speaks the control protocol frame by frame, as a test wants it.</summary>
internal sealed class RawMember : IDisposable
{
    private RawMember(ControlChannel channel, AcceptedMessage accepted, Guid id)
    {
        Id = id;
        Channel = channel;
        Accepted = accepted;
    }

    public Guid Id { get; }

    public ControlChannel Channel { get; }

    public AcceptedMessage Accepted { get; }

    /// <summary>Joins at an endpoint of the coordinator; the job need not start.</summary>
    public static async Task<RawMember> JoinAsync(TestJob job, Func<JoinMessage, JoinMessage>? change = null, IPEndPoint? at = null)
    {
        Guid id = Guid.NewGuid();
        JoinOptions options = job.Options();
        (ControlChannel channel, AcceptedMessage accepted) = await ControlHandshake.OpenAsync(
            options.Target with { Seed = at ?? options.Seed }, Request, job.Deadline);
        return new RawMember(channel, accepted, id);

        MessageWriter Request(IPEndPoint local)
        {
            JoinMessage join = new() { MemberId = id, ListenPort = (ushort)local.Port, Local = local, Host = "raw" };
            return (change?.Invoke(join) ?? join).Encode();
        }
    }

    /// <summary>All ranks of a job, in order, started.</summary>
    public static async Task<RawMember[]> StartAllAsync(TestJob job)
    {
        RawMember[] members = new RawMember[job.Job.Spec.Size];
        for (int rank = 0; rank < members.Length; rank++)
            members[rank] = await JoinAsync(job, join => join with { RequestedRank = rank });
        foreach (RawMember member in members)
            await member.ReceiveAsync(ControlKind.Start, job.Deadline);
        return members;
    }

    public void Post(ReadOnlyMemory<byte> frame) => Assert.True(Channel.Post(frame));

    /// <summary>The payload of the next frame that is no heartbeat, which has to be of the expected kind.</summary>
    public async Task<byte[]> ReceiveAsync(ControlKind expected, CancellationToken cancellationToken)
    {
        while (true)
        {
            ControlFrame frame = await Channel.ReadAsync(cancellationToken);
            if (frame.Kind == ControlKind.Heartbeat)
                continue;
            Assert.Equal(expected, frame.Kind);
            return frame.Payload.ToArray();
        }
    }

    /// <summary>The payload of the next signal; other news is passed over.</summary>
    public async Task<byte[]> ReceiveSignalAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            ControlFrame frame = await Channel.ReadAsync(cancellationToken);
            Assert.NotEqual(ControlKind.None, frame.Kind);
            if (frame.Kind == ControlKind.Signal)
                return frame.Payload.ToArray();
        }
    }

    /// <summary>Sends nothing more and waits until the coordinator closes its side.</summary>
    public async Task ReceiveEndAsync(CancellationToken cancellationToken)
    {
        Channel.PostLast(ShortMessages.Heartbeat, "the test ends it");
        while ((await Channel.ReadAsync(cancellationToken)).Kind != ControlKind.None)
        {
        }
    }

    public void Dispose() => Channel.Dispose();
}
