package io.insightsrelay.ingest;

import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import io.vertx.core.http.HttpServerRequest;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.springframework.lang.Nullable;

/**
 * Tells from where a request comes: the address of its connection, or where that is a trusted proxy's the last one in
 * {@code X-Forwarded-For} that is none. What stands before it anybody may have written. Asks no name server. Thread-safe.
 */
final class ClientAddress {

    private final List<IpSubnetFilterRule> proxies;

    /** @throws IllegalArgumentException if one of them is neither an address nor a network in CIDR notation */
    ClientAddress(List<String> trustedProxies) {
        proxies = trustedProxies.stream().map(ClientAddress::network).toList();
    }

    private static IpSubnetFilterRule network(String text) {
        String[] parts = text.strip().split("/", 2);
        byte[] address = NetUtil.createByteArrayFromIpAddressString(parts[0]);
        try {
            if (address != null) {
                int bits = parts.length == 1 ? address.length * 8 : Integer.parseInt(parts[1]);
                return new IpSubnetFilterRule(InetAddress.getByAddress(address), bits, IpFilterRuleType.ACCEPT);
            }
        } catch (IllegalArgumentException | UnknownHostException e) {
            // said below
        }
        throw new IllegalArgumentException("ingest.rateLimit.trustedProxies: " + text + " is neither an IP address nor a network such as 10.0.0.0/8");
    }

    /** The key of the sender: an IPv4 address, or the /64 network of an IPv6 address, for one client has as many of those as it likes. */
    ByteBuffer of(HttpServerRequest request) {
        byte[] client = bytes(request.remoteAddress().hostAddress());
        List<String> forwarded = proxies.isEmpty() ? List.of() : request.headers().getAll("X-Forwarded-For");
        for (int i = forwarded.size() - 1; i >= 0; i--) {
            String[] hops = forwarded.get(i).split(",");
            for (int j = hops.length - 1; j >= 0 && isTrusted(client); j--) {
                byte[] before = bytes(hops[j].strip());
                if (before == null) {
                    return key(client);
                }
                client = before;
            }
        }
        return key(client);
    }

    private static ByteBuffer key(@Nullable byte[] address) {
        return address == null ? ByteBuffer.allocate(0) : ByteBuffer.wrap(address.length == 16 ? Arrays.copyOf(address, 8) : address);
    }

    @Nullable
    private static byte[] bytes(@Nullable String address) {
        byte[] bytes = address == null ? null : NetUtil.createByteArrayFromIpAddressString(address);
        try {
            // an IPv4 address that is written as an IPv6 one is the same client's
            return bytes == null ? null : InetAddress.getByAddress(bytes).getAddress();
        } catch (UnknownHostException e) {
            return null;
        }
    }

    private boolean isTrusted(@Nullable byte[] address) {
        try {
            if (address != null) {
                InetSocketAddress socket = new InetSocketAddress(InetAddress.getByAddress(address), 0);
                return proxies.stream().anyMatch(proxy -> proxy.matches(socket));
            }
        } catch (UnknownHostException e) {
            // no address has another length than 4 or 16
        }
        return false;
    }
}
