using System.Net;
using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

// Whoever comes by a loopback address accepts links there, where no other host reaches it. That is as it should be while all ranks are on one host.
internal sealed partial class SeedJob
{
    /// <summary>Why a joiner that other hosts do not reach cannot be taken: others are on other hosts.</summary>
    private string? LoopbackConflict(SeedConnection connection, JoinMessage join, int ownRank)
    {
        IReadOnlyList<IPEndPoint> endPoints = EndPointsOf(connection, join);
        if (!AreLoopback(endPoints))
            return null;
        foreach (MemberPlace place in _places)
        {
            if (place.Rank != ownRank && place.Connection is { Channel.IsFromElsewhere: true } other)
                return LoopbackText("This rank", endPoints[0], place.Rank, other.Channel);
        }

        return null;
    }

    /// <summary>The first from another host has come: members that it could not reach have to come again by another address.</summary>
    private void SendHome(int rank, SeedConnection connection)
    {
        foreach (MemberPlace place in _places)
        {
            if (place.State != MemberState.Joined || !AreLoopback(place.Info!.EndPoints))
                continue;
            string text = LoopbackText($"Rank {place.Rank}", place.Info.EndPoints[0], rank, connection.Channel);
            place.Connection?.Reject(RendezvousFailure.LoopbackAddress, text);
            Vacate(place, "ranks of other hosts cannot reach it");
        }
    }

    private static bool AreLoopback(IReadOnlyList<IPEndPoint> endPoints) => endPoints.All(endPoint => IPAddress.IsLoopback(endPoint.Address));

    private static string LoopbackText(string who, IPEndPoint at, int other, ControlChannel channel) =>
        $"{who} came to the coordinator by a loopback address and accepts links at {at}, where rank {other} on another host ({channel.Remote.Address}) "
        + $"does not reach it. Give the coordinator's address as {channel.Local}, as that one does, and not as localhost or a name that this host's hosts file "
        + "maps to a loopback address (Debian: 127.0.1.1).";
}
