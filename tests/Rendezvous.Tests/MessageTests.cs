using System.Net;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;
using BoxerMpi.Wire;

namespace BoxerMpi.Rendezvous.Tests;

public class MessageTests
{
    [Fact]
    public void Messages_read_back_as_they_were_written()
    {
        JoinMessage join = AJoin with { Advertised = [IPEndPoint.Parse("[2001:db8::1]:5"), IPEndPoint.Parse("192.0.2.1:6")], SecondObserved = IPEndPoint.Parse("198.51.100.1:9") };
        JoinMessage read = JoinMessage.Decode(Payload(join.Encode()).AsSpan(Proof.Bytes));
        Assert.Equal(join with { Advertised = [] }, read with { Advertised = [] });
        Assert.Equal(join.Advertised, read.Advertised);

        Traffic traffic = new(1, 2, 3, long.MaxValue);
        Assert.Equal(traffic, ShortMessages.DecodeLeave(Payload(ShortMessages.EncodeLeave(traffic))));
        Assert.Null(ShortMessages.DecodeLeave(Payload(ShortMessages.EncodeLeave(null))));
        ChallengeMessage challenge = new(Proof.Nonce(), IPEndPoint.Parse("192.0.2.1:6"), [IPEndPoint.Parse("0.0.0.0:4001"), IPEndPoint.Parse("198.51.100.2:4000")]);
        ChallengeMessage challenged = ChallengeMessage.Decode(Payload(challenge.Encode()));
        Assert.Equal((challenge.Observed, Convert.ToHexString(challenge.Nonce)), (challenged.Observed, Convert.ToHexString(challenged.Nonce)));
        Assert.Equal(challenge.Reflectors, challenged.Reflectors);
        Assert.Equal(Protocol.Version, ReflectMessage.Decode(Payload(ReflectMessage.Encode())));
        Assert.Equal(challenge.Observed, ReflectedMessage.Decode(Payload(ReflectedMessage.Encode(challenge.Observed))));
        SignalMessage signal = SignalMessage.Decode(Payload(new SignalMessage(7, new byte[] { 1, 2, 3 }).Encode()));
        Assert.Equal((7, "010203"), (signal.Rank, Convert.ToHexString(signal.Payload.Span)));
        Assert.Equal(9, ShortMessages.DecodeSignalLost(Payload(ShortMessages.EncodeSignalLost(9))));
        RelayMessage relay = new(Guid.NewGuid(), 3, 4, 5);
        Assert.Equal(relay, RelayMessage.Decode(Payload(relay.Encode().Finish()).AsSpan(Proof.Bytes)));
        MembershipEvent happened = new() { Change = MembershipChange.Failed, JobId = "j", Rank = 1, Size = 4, Members = 3, At = TimeSpan.FromSeconds(2), MemberId = Guid.NewGuid(), Observed = IPEndPoint.Parse("10.0.0.1:3"), Nat = NatKind.Symmetric, Host = "h", Reason = "gone", Number = 4 };
        Assert.Equal(happened, MembershipEvent.Decode("j", happened.Encode().Span[ControlFrame.PrefixBytes..]));
    }

    [Fact]
    public void The_table_holds_each_host_name_once()
    {
        MemberInfo[] members = [.. Enumerable.Range(0, 1000).Select(rank => new MemberInfo(
            rank, Guid.NewGuid(), new IPEndPoint(0x0A000001 + (rank << 8), 40_000), [new IPEndPoint(0x0A000001 + (rank << 8), 41_000)], $"host-{rank % 4}", rank))];
        ReadOnlySpan<byte> frame = StartMessage.Encode(members, TimeSpan.FromSeconds(9)).Span;
        MemberInfo[] read = StartMessage.Decode(frame[ControlFrame.PrefixBytes..], 1000, out TimeSpan? remaining);
        Assert.Equal(TimeSpan.FromSeconds(9), remaining);
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
        byte[] joined = Payload(AJoin.Encode())[Proof.Bytes..];
        byte[] start = StartMessage.Encode([new MemberInfo(0, Guid.NewGuid(), IPEndPoint.Parse("192.0.2.1:6"), [IPEndPoint.Parse("192.0.2.1:7")], "host", 1)], null)[ControlFrame.PrefixBytes..].ToArray();
        byte[] hello = new LinkHello(Protocol.Version, "job", 0, 1, 0, Guid.NewGuid(), Proof.Nonce()).Encode()[ControlFrame.PrefixBytes..].ToArray();
        for (int length = 0; length < joined.Length; length++)
            Assert.Throws<WireFormatException>(() => JoinMessage.Decode(joined.AsSpan(0, length)));
        for (int length = 0; length < start.Length; length++)
            Assert.Throws<WireFormatException>(() => StartMessage.Decode(start.AsSpan(0, length), 1, out _));
        for (int length = 0; length < hello.Length; length++)
            Assert.Throws<WireFormatException>(() => LinkHello.Decode(hello.AsSpan(0, length)));
        Assert.Throws<WireFormatException>(() => JoinMessage.Decode([.. joined, 0]));
        Assert.Throws<WireFormatException>(() => StartMessage.Decode([.. start, 0], 1, out _));
    }

    [Fact]
    public void Counts_from_the_network_are_checked_before_anything_is_allocated()
    {
        byte[] hugeHosts = [0xFF, 0xFF, 0xFF, 0x7F];
        Assert.Throws<WireFormatException>(() => StartMessage.Decode(hugeHosts, 1, out _));
        byte[] hugeMembers = [0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x7F];
        Assert.Throws<WireFormatException>(() => StartMessage.Decode(hugeMembers, 65_536, out _));
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

    [Fact]
    public void A_wire_up_report_lists_the_slowest_links_first_and_stays_below_the_cap()
    {
        WireUpReport report = WireUpReport.Of(
            Enumerable.Range(0, 10_000).Select(peer => new LinkReport(peer, (LinkWay)(peer % 5), 1 + (peer % 3), TimeSpan.FromMicroseconds(peer))), TimeSpan.FromSeconds(1.5));
        Assert.Equal(10_000, report.Count);
        Assert.Equal(9999, report.Links[0].Peer);
        byte[] payload = Payload(report.Encode());
        Assert.InRange(payload.Length, 1, Limits.MemberFrameBytes);
        WireUpReport read = WireUpReport.Decode(payload);
        Assert.Equal((report.Count, report.Attempts, report.Elapsed), (read.Count, read.Attempts, read.Elapsed));
        Assert.Equal(report.Links.Take(Limits.LinksPerReport), read.Links);
        for (int length = 0; length < 64; length++)
            Assert.Throws<WireFormatException>(() => WireUpReport.Decode(payload.AsSpan(0, length)));
    }

    [Fact]
    public void The_table_tells_the_nat_of_each_member_and_where_it_really_is()
    {
        MemberInfo open = new(0, Guid.NewGuid(), IPEndPoint.Parse("192.0.2.1:6"), [IPEndPoint.Parse("192.0.2.1:7")], "a", 1);
        MemberInfo behind = new(1, Guid.NewGuid(), IPEndPoint.Parse("198.51.100.1:6"), [IPEndPoint.Parse("198.51.100.1:6")], "b", 2)
        {
            Nat = NatKind.Remapped,
            Local = IPEndPoint.Parse("10.0.0.2:41000"),
        };
        MemberInfo[] read = StartMessage.Decode(Payload(StartMessage.Encode([open, behind], null)), 2, out TimeSpan? remaining);
        Assert.Null(remaining);
        Assert.Equal([(NatKind.None, open.Observed), (NatKind.Remapped, behind.Local)], read.Select(member => (member.Nat, member.Local)));
        Assert.Equal(open.EndPoints, read[0].EndPoints);
        Assert.Equal(behind.EndPoints, read[1].EndPoints);
    }

    [Theory]
    [InlineData("10.0.0.2:4000", "10.0.0.2:4000", null, nameof(NatKind.None))]
    [InlineData("10.0.0.2:4000", "192.0.2.1:4000", null, nameof(NatKind.Unknown))]
    [InlineData("10.0.0.2:4000", "192.0.2.1:4000", "192.0.2.1:4000", nameof(NatKind.PortKept))]
    [InlineData("10.0.0.2:4000", "192.0.2.1:5000", "192.0.2.1:5000", nameof(NatKind.Remapped))]
    [InlineData("10.0.0.2:4000", "192.0.2.1:4000", "192.0.2.1:4001", nameof(NatKind.Symmetric))]
    [InlineData("10.0.0.2:4000", "192.0.2.1:4000", "192.0.2.2:4000", nameof(NatKind.Symmetric))]
    public void The_kind_of_nat_follows_from_three_views_of_one_port(string local, string observed, string? second, string expected) =>
        Assert.Equal(expected, NatKinds.Detect(IPEndPoint.Parse(local), IPEndPoint.Parse(observed), second is null ? null : IPEndPoint.Parse(second)).ToString());

    private static JoinMessage AJoin => new()
    {
        MemberId = Guid.Parse("11112222-3333-4444-5555-666677778888"),
        RequestedRank = 7,
        Resumed = true,
        ListenPort = 4000,
        Advertised = [IPEndPoint.Parse("192.0.2.1:6")],
        Local = IPEndPoint.Parse("10.0.0.2:4000"),
        Remaining = TimeSpan.FromMinutes(15),
        Host = "höst",
        ProcessId = 123,
    };

    private static byte[] Payload(ReadOnlyMemory<byte> frame) => frame[ControlFrame.PrefixBytes..].ToArray();

    private static byte[] Payload(MessageWriter writer) => Payload(writer.Finish());
}
