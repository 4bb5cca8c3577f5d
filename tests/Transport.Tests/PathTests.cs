using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using BoxerMpi.Transport;

namespace BoxerMpi.Tests;

/// <summary>When the way between two ends counts as dead.</summary>
public sealed class PathTests
{
    [Theory]
    [InlineData(0, 0, 0, 0, 90_000, true, false)] // idle
    [InlineData(0, 1, 0, 0, 2_900, false, false)] // under way
    [InlineData(0, 1, 0, 0, 30_000, false, false)] // sent just now after a long pause
    [InlineData(2, 1, 0, 0, 12_000, false, false)]
    [InlineData(3, 1, 0, 0, 9_999, false, false)]
    [InlineData(3, 1, 0, 0, 10_000, false, true)]
    [InlineData(7, 12, 0, 900_000, 10_100, false, true)]
    [InlineData(0, 0, 0, 900_000, 2_900, false, false)] // the other side does not read, its kernel answers
    [InlineData(0, 0, 1, 900_000, 60_000, false, false)] // the next probe of its window is on its way
    [InlineData(0, 0, 3, 900_000, 10_000, false, true)] // nor does its kernel answer
    public void A_path_is_dead_when_several_tries_are_not_answered_for_long(
        int retransmits, int unacknowledged, int probes, int notSent, int silence, bool isClear, bool isDead)
    {
        byte[] information = new byte[240];
        information[2] = (byte)retransmits;
        information[3] = (byte)probes;
        BinaryPrimitives.WriteInt32LittleEndian(information.AsSpan(24), unacknowledged);
        BinaryPrimitives.WriteInt32LittleEndian(information.AsSpan(56), silence);
        BinaryPrimitives.WriteInt32LittleEndian(information.AsSpan(144), notSent);
        PathState state = TcpPath.Judge(information);
        Assert.Equal((isClear, isDead), (state.IsClear, state.Death is not null));
        Assert.Equal(default, TcpPath.Judge(information.AsSpan(0, 20)));
    }

    [Fact]
    public void An_old_kernel_that_does_not_tell_what_waits_finds_dead_ways_too()
    {
        byte[] information = new byte[104];
        Assert.Equal(default, TcpPath.Judge(information));
        (information[2], information[24]) = (3, 1);
        BinaryPrimitives.WriteInt32LittleEndian(information.AsSpan(56), 10_000);
        Assert.NotNull(TcpPath.Judge(information).Death);
    }

    /// <summary>The demand is that such a link lives: it has to last longer than a dead one would.</summary>
    [Fact]
    public void A_peer_that_does_not_read_keeps_its_link_and_gets_everything_later()
    {
        (Socket near, Socket far) = Connect();
        using Station station = new();
        Link link = station.Add(TcpChannel.Create(near));
        const int messages = 4;
        byte[] payload = Bytes.Of(4 * 1024 * 1024, 1);
        PayloadCounter counter = new();
        for (int i = 0; i < messages; i++)
            station.SendInPlace(link, payload, counter);
        Assert.False(station.TryWait(() => link.IsClosed || counter.Sent == messages, TimeSpan.FromSeconds(13)));
        Assert.True(link.HasOutput);

        far.Blocking = false;
        using Station reader = new();
        reader.Add(TcpChannel.Create(far));
        Thread other = new(() => reader.TryWait(() => reader.Recorder.Frames.Count == messages, Station.Patience));
        other.Start();
        station.Wait(() => counter.Sent == messages);
        other.Join();
        Assert.Equal(messages, reader.Recorder.Frames.Count);
        Assert.All(reader.Recorder.Frames, frame => Assert.True(payload.AsSpan().SequenceEqual(frame.Payload)));
        Assert.False(link.IsClosed);
    }

    [Fact]
    public void All_that_has_arrived_is_known_to_have()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the kernel's account of a connection is Linux's");
        (Socket near, Socket far) = Connect();
        using TcpChannel channel = new(near);
        Assert.True(channel.LookAtPath().IsClear);
        near.Send(new byte[100]);
        Assert.True(SpinWait.SpinUntil(() => channel.LookAtPath().IsClear, TimeSpan.FromMinutes(1)));
        while (near.Poll(TimeSpan.Zero, SelectMode.SelectWrite) && Send(near))
        {
        }

        Assert.False(channel.LookAtPath().IsClear);
        far.Dispose();
    }

    private static bool Send(Socket socket)
    {
        socket.Send(new byte[64 * 1024], SocketFlags.None, out SocketError error);
        return error == SocketError.Success;
    }

    private static (Socket Near, Socket Far) Connect()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        Socket near = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        near.Connect(listener.LocalEndPoint!);
        return (near, listener.Accept());
    }
}
