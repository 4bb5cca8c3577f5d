using System.Net;
using System.Text;

namespace BoxerMpi.NatLab;

/// <summary>The nftables rules that make a gateway behave as its kind.</summary>
internal static class GatewayRules
{
    // Its own inverse, so two inner ports never share an outer one, and no port of the usual ranges becomes 0.
    private const int RemapBits = 0x155;

    private const string Inside = $"iifname \"{LabPlan.InsideLink}*\"";
    private const string ToInside = $"oifname \"{LabPlan.InsideLink}*\"";
    private const string Outside = $"iifname \"{LabPlan.OutsideLink}\"";
    private const string ToOutside = $"oifname \"{LabPlan.OutsideLink}\"";

    public static string Of(GatewayKind kind, IPAddress publicAddress, UnsolicitedAnswer unsolicited, bool hairpin)
    {
        StringBuilder rules = new("table ip natlab {\n");
        bool isOpen = kind == GatewayKind.FullCone;
        if (isOpen || hairpin)
        {
            rules.Append(
                $$"""
                map owner { type inet_service : ipv4_addr . inet_service; flags dynamic,timeout; timeout 1h; size 65535; }
                # Behind the translation: the packet has the outer port, its connection still knows the inner endpoint.
                chain learn { type filter hook postrouting priority srcnat + 10;
                  {{ToOutside}} tcp flags & (syn | ack) == syn update @owner { tcp sport : ct original ip saddr . ct original proto-src }
                }
                chain enter { type nat hook prerouting priority dstnat;

                """);
            if (isOpen)
                rules.AppendLine($"{Outside} ip daddr {publicAddress} dnat ip to tcp dport map @owner");
            if (hairpin)
                rules.AppendLine($"{Inside} ip daddr {publicAddress} dnat ip to tcp dport map @owner");
            rules.AppendLine("}");
        }

        rules.AppendLine("chain leave { type nat hook postrouting priority srcnat;");
        rules.AppendLine($"{ToOutside} {Translation(kind, publicAddress)}");

        // What does not go by ports is translated as it is.
        rules.AppendLine($"{ToOutside} snat to {publicAddress}");
        if (hairpin)
            rules.AppendLine($"{Inside} {ToInside} ct status dnat {Translation(kind, publicAddress)}");
        rules.AppendLine("}");

        rules.AppendLine(
            $$"""
            chain forward { type filter hook forward priority filter; policy drop;
              ct state invalid drop
              ct state established,related accept
              {{Inside}} accept
              {{(isOpen ? $"{Outside} ct status dnat accept" : "")}}
            }
            chain input { type filter hook input priority filter; policy accept;
              iifname "lo" accept
              ct state established,related accept
              meta l4proto tcp {{(unsolicited == UnsolicitedAnswer.Reset ? "reject with tcp reset" : "drop")}}
            }
            """);
        return rules.AppendLine("}").ToString();
    }

    private static string Translation(GatewayKind kind, IPAddress publicAddress) => kind switch
    {
        GatewayKind.Remap => $"meta l4proto tcp snat to {publicAddress} : tcp sport ^ {RemapBits}",
        GatewayKind.Symmetric => $"meta l4proto tcp snat to {publicAddress} fully-random",
        _ => $"meta l4proto tcp snat to {publicAddress}",
    };
}
