using System.Net;

namespace BoxerMpi.Rendezvous.Tests;

public class MessageTests
{
    [Fact]
    public void Messages_read_back_as_they_were_written()
    {
        JoinMessage join = new(Guid.NewGuid(), 7, true, 4000, [IPEndPoint.Parse("[2001:db8::1]:5"), IPEndPoint.Parse("192.0.2.1:6")], "höst", 123);
        JoinMessage read = JoinMessage.Decode(Payload(join.Encode()).AsSpan(Proof.Bytes));
        Assert.Equal(join with { Advertised = [] }, read with { Advertised = [] });
        Assert.Equal(join.Advertised, read.Advertised);

        WireUpReport report = new(3, 5, TimeSpan.FromSeconds(1.5), TimeSpan.FromMilliseconds(3), TimeSpan.FromMilliseconds(7), 2);
        Assert.Equal(report, ShortMessages.DecodeLinked(ShortMessages.Encode(report).Span[ControlFrame.PrefixBytes..]));
        MembershipEvent happened = new() { Change = MembershipChange.Failed, JobId = "j", Rank = 1, Size = 4, Members = 3, At = TimeSpan.FromSeconds(2), MemberId = Guid.NewGuid(), Observed = IPEndPoint.Parse("10.0.0.1:3"), Host = "h", Reason = "gone", Number = 4 };
        Assert.Equal(happened, MembershipEvent.Decode("j", happened.Encode().Span[ControlFrame.PrefixBytes..]));
    }

    [Fact]
    public void The_table_holds_each_host_name_once()
    {
        MemberInfo[] members = [.. Enumerable.Range(0, 1000).Select(rank => new MemberInfo(
            rank, Guid.NewGuid(), new IPEndPoint(0x0A000001 + (rank << 8), 40_000), [new IPEndPoint(0x0A000001 + (rank << 8), 41_000)], $"host-{rank % 4}", rank))];
        ReadOnlySpan<byte> frame = StartMessage.Encode(members).Span;
        MemberInfo[] read = StartMessage.Decode(frame[ControlFrame.PrefixBytes..], 1000);
        for (int rank = 0; rank < members.Length; rank++)
        {
            Assert.Equal(members[rank] with { EndPoints = [] }, read[rank] with { EndPoints = [] });
            Assert.Equal(members[rank].EndPoints, read[rank].EndPoints);
        }

        Assert.InRange(frame.Length, 0, 1000 * 40);
    }

    [Fact]
    public void Every_message_that_ends_early_is_refused_and_never_read_beyond()
    {
        JoinMessage join = new(Guid.NewGuid(), 7, false, 4000, [IPEndPoint.Parse("192.0.2.1:6")], "host", 123);
        byte[] joined = Payload(join.Encode())[Proof.Bytes..];
        byte[] start = StartMessage.Encode([new MemberInfo(0, Guid.NewGuid(), IPEndPoint.Parse("192.0.2.1:6"), [IPEndPoint.Parse("192.0.2.1:7")], "host", 1)])[ControlFrame.PrefixBytes..].ToArray();
        byte[] hello = new LinkHello(Protocol.Version, "job", 0, 1, 0, Guid.NewGuid(), Proof.Nonce()).Encode()[ControlFrame.PrefixBytes..].ToArray();
        for (int length = 0; length < joined.Length; length++)
            Assert.Throws<WireFormatException>(() => JoinMessage.Decode(joined.AsSpan(0, length)));
        for (int length = 0; length < start.Length; length++)
            Assert.Throws<WireFormatException>(() => StartMessage.Decode(start.AsSpan(0, length), 1));
        for (int length = 0; length < hello.Length; length++)
            Assert.Throws<WireFormatException>(() => LinkHello.Decode(hello.AsSpan(0, length)));
        Assert.Throws<WireFormatException>(() => JoinMessage.Decode([.. joined, 0]));
        Assert.Throws<WireFormatException>(() => StartMessage.Decode([.. start, 0], 1));
    }

    [Fact]
    public void Counts_from_the_network_are_checked_before_anything_is_allocated()
    {
        byte[] hugeHosts = [0xFF, 0xFF, 0xFF, 0x7F];
        Assert.Throws<WireFormatException>(() => StartMessage.Decode(hugeHosts, 1));
        byte[] hugeMembers = [0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x7F];
        Assert.Throws<WireFormatException>(() => StartMessage.Decode(hugeMembers, 65_536));
        Assert.Throws<WireFormatException>(() => AcceptedMessage.Decode(new byte[200]));
    }

    [Theory]
    [InlineData("короткий", 100, "короткий")]
    [InlineData("короткий", 5, "ко")]
    [InlineData("abc", 2, "ab")]
    [InlineData("a😀b", 4, "a")]
    [InlineData("", 4, "")]
    public void Text_that_is_too_long_is_cut_at_a_character(string text, int bytes, string expected)
    {
        MessageReader reader = new(Payload(new MessageWriter(ControlKind.Abort).Text(text, bytes)));
        Assert.Equal(expected, reader.Text(bytes));
        reader.End();
    }

    [Theory]
    [InlineData("192.0.2.7:4000", "192.0.2.7:4000")]
    [InlineData("[2001:db8::7]:4000", "[2001:db8::7]:4000")]
    [InlineData("seed.example:4000", "seed.example:4000")]
    public void Addresses_are_read(string text, string expected) => Assert.Equal(expected, ControlHandshake.Name(Addresses.Parse(text)));

    [Theory]
    [InlineData("seed")]
    [InlineData("seed:")]
    [InlineData(":4000")]
    [InlineData("seed:0")]
    [InlineData("seed:70000")]
    [InlineData("2001:db8::7:4000")]
    public void An_address_without_host_or_port_is_an_error_that_shows_one(string text) =>
        Assert.Contains(":4000", Assert.Throws<FormatException>(() => Addresses.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Job_specifications_are_checked()
    {
        byte[] token = TestJob.NewToken();
        Assert.Throws<ArgumentException>(() => new JobSpec { JobId = "", Token = token, Size = 1 });
        Assert.Throws<ArgumentException>(() => new JobSpec { JobId = new string('x', 129), Token = token, Size = 1 });
        Assert.Throws<ArgumentException>(() => new JobSpec { JobId = "j", Token = new byte[8], Size = 1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new JobSpec { JobId = "j", Token = token, Size = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new JobSpec { JobId = "j", Token = token, Size = -4 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new JobSpec { JobId = "j", Token = token, Size = 1 << 20 });
    }

    private static byte[] Payload(MessageWriter writer) => writer.Finish()[ControlFrame.PrefixBytes..].ToArray();
}
