using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Rendezvous.Tests;

public class SignalTests
{
    [Fact]
    public async Task A_signal_reaches_its_rank_and_says_from_whom()
    {
        await using TestJob job = new(3);
        RawMember[] members = await RawMember.StartAllAsync(job);
        byte[] most = new byte[Limits.SignalBytes];
        most[^1] = 7;
        members[2].Post(new SignalMessage(0, most).Encode());
        members[2].Post(new SignalMessage(0, ReadOnlyMemory<byte>.Empty).Encode());
        SignalMessage first = SignalMessage.Decode(await members[0].ReceiveAsync(ControlKind.Signal, job.Deadline));
        Assert.Equal(2, first.Rank);
        Assert.Equal(most, first.Payload.ToArray());
        Assert.Equal(0, SignalMessage.Decode(await members[0].ReceiveAsync(ControlKind.Signal, job.Deadline)).Payload.Length);
        Array.ForEach(members, member => member.Dispose());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(3)]
    [InlineData(int.MaxValue)]
    public async Task A_signal_to_a_rank_that_is_not_there_comes_back_as_lost(int rank)
    {
        await using TestJob job = new(3);
        RawMember[] members = await RawMember.StartAllAsync(job);
        members[1].Post(ShortMessages.Leave);
        await members[1].ReceiveEndAsync(job.Deadline);
        members[0].Post(new SignalMessage(rank, new byte[3]).Encode());
        Assert.Equal(rank, ShortMessages.DecodeSignalLost(await members[0].ReceiveAsync(ControlKind.SignalLost, job.Deadline)));
        await job.UntilAsync(() => job.Log.Any(line => line.Contains("signal", StringComparison.Ordinal)), "a line in the log");
        Array.ForEach(members, member => member.Dispose());
    }

    [Fact]
    public async Task A_signal_that_is_too_long_ends_the_connection_of_its_sender()
    {
        Assert.Throws<ArgumentException>(() => new SignalMessage(0, new byte[Limits.SignalBytes + 1]).Encode());
        await using TestJob job = new(2);
        RawMember[] members = await RawMember.StartAllAsync(job);
        members[1].Post(new MessageWriter(ControlKind.Signal).Int32(0).Bytes(new byte[Limits.SignalBytes + 1]).Finish());
        Assert.Equal(1, ShortMessages.DecodeLost(await members[0].ReceiveAsync(ControlKind.MemberLost, job.Deadline)).Rank);
        Assert.Contains("1025 bytes", job.Job.Statuses[1].FailureReason, StringComparison.Ordinal);
        Array.ForEach(members, member => member.Dispose());
    }

    [Fact]
    public async Task A_member_that_floods_others_with_signals_is_dropped_and_the_others_live()
    {
        await using TestJob job = new(3);
        RawMember[] members = await RawMember.StartAllAsync(job);
        ReadOnlyMemory<byte> signal = new SignalMessage(1, new byte[8]).Encode();
        while (members[0].Channel.Post(signal))
            await members[0].Channel.DrainAsync().WaitAsync(job.Deadline);
        Assert.Equal(0, ShortMessages.DecodeLost(await members[2].ReceiveAsync(ControlKind.MemberLost, job.Deadline)).Rank);
        Assert.Contains("signals within", job.Job.Statuses[0].FailureReason, StringComparison.Ordinal);
        members[2].Post(new SignalMessage(1, new byte[] { 42 }).Encode());
        SignalMessage got;
        do
            got = SignalMessage.Decode(await members[1].ReceiveSignalAsync(job.Deadline));
        while (got.Rank == 0);
        Assert.Equal(2, got.Rank);
        Array.ForEach(members, member => member.Dispose());
    }

    [Fact]
    public async Task A_rank_that_does_not_read_its_signals_loses_them_and_nothing_else()
    {
        await using TestJob job = new(6);
        RawMember[] members = await RawMember.StartAllAsync(job);
        ReadOnlyMemory<byte> signal = new SignalMessage(0, new byte[Limits.SignalBytes]).Encode();

        // Rank 0 does not read: first the sockets' buffers fill, then the coordinator's queue up to its half.
        Task<byte[]>[] losses = [.. members.Skip(1).Select(member => member.ReceiveAsync(ControlKind.SignalLost, job.Deadline))];
        foreach ((RawMember member, Task<byte[]> lost) in members.Skip(1).Zip(losses))
        {
            for (int sent = 0; sent < 4000 && !lost.IsCompleted; sent++)
            {
                member.Post(signal);
                await member.Channel.DrainAsync().WaitAsync(job.Deadline);
            }
        }

        Assert.Equal(0, ShortMessages.DecodeSignalLost(await losses[^1]));
        Assert.All(job.Job.Statuses, status => Assert.Equal(MemberState.Started, status.State));

        // What may not be lost still fits.
        members[1].Post(ShortMessages.Encode(new AbortInfo(1, 3, "enough")));
        ControlFrame frame;
        do
            frame = await members[0].Channel.ReadAsync(job.Deadline);
        while (frame.Kind == ControlKind.Signal);
        Assert.Equal(ControlKind.Abort, frame.Kind);
        Array.ForEach(members, member => member.Dispose());
    }
}
