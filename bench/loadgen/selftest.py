#!/usr/bin/env python3
"""Checks hotline_load against a tiny SIP server that misbehaves on request.

    python3 selftest.py [MODE...]

Every mode states what the generator must report; the exit status is 1 when one differs.
"""
import asyncio
import hashlib
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SIP, CALLER, AGENT, RTP = 5262, 6262, 6272, 29000


def header(msg, name):
    m = re.search(r'^%s:\s*(.*?)\r$' % name, msg, re.M | re.I)
    return m and m.group(1)


class Rtp(asyncio.DatagramProtocol):
    def __init__(self, server):
        self.server, self.peer, self.other, self.count, self.buf, self.seq = server, None, None, 0, b'', 0

    def connection_made(self, transport):
        self.transport = transport
        self.port = transport.get_extra_info('sockname')[1]

    def datagram_received(self, data, addr):
        mode, out = self.server.mode, self.other
        self.count += 1
        if out is None or out.peer is None or data[1] & 127 > 8:
            return
        to_agent = out.to_agent
        if mode == 'agent_deaf' and to_agent or mode == 'caller_deaf' and not to_agent:
            return
        if mode == 'loss' and self.count % 50 == 0:
            return
        if mode == 'media_stop' and self.count > 50:
            return
        if mode == 'crosstalk' and to_agent:
            out = self.server.swapped(out)
            if out is None or out.peer is None:
                return
        if mode == 'reframe':  # shifts the packets' borders by 37 samples
            self.buf += data[12:]
            if len(self.buf) < 160 + 37:
                return
            data, self.buf = data[:12] + self.buf[:160], self.buf[160:]
        send = lambda d=data: out.transport.sendto(d, out.peer)
        if mode == 'delay':
            asyncio.get_running_loop().call_later(0.05, send)
        else:
            send()
        if mode == 'duplicate':
            send()


class Server(asyncio.DatagramProtocol):
    def __init__(self, mode):
        self.mode, self.calls, self.seen, self.next = mode, {}, set(), 0
        self.registered = {}

    def connection_made(self, transport):
        self.t = transport

    def swapped(self, leg):
        legs = [c['b'] for c in self.calls.values() if c.get('b')]
        i = legs.index(leg)
        return legs[i ^ 1] if (i ^ 1) < len(legs) else None

    def reply(self, msg, addr, code, extra='', body='', tag='srv'):
        to = header(msg, 'To')
        if ';tag=' not in to and code > 100:
            to += ';tag=' + tag
        vias = ''.join('Via: %s\r\n' % v for v in re.findall(r'^Via:\s*(.*?)\r$', msg, re.M))
        r = ('SIP/2.0 %d X\r\n%sFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\nContact: <sip:srv@127.0.0.1:%d>\r\n%s%s'
             'Content-Length: %d\r\n\r\n%s' % (code, vias, header(msg, 'From'), to, header(msg, 'Call-ID'), header(msg, 'CSeq'), SIP,
                                               extra, 'Content-Type: application/sdp\r\n' if body else '', len(body), body))
        self.t.sendto(r.encode(), addr)
        return r

    def sdp(self, port):
        return ('v=0\r\no=s 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0 101\r\n'
                'a=rtpmap:101 telephone-event/8000\r\n' % port)

    async def rtp(self, to_agent, peer=None):
        _, p = await asyncio.get_running_loop().create_datagram_endpoint(lambda: Rtp(self), ('127.0.0.1', 0))
        p.to_agent, p.peer = to_agent, peer
        return p

    def datagram_received(self, data, addr):
        msg = data.decode()
        asyncio.ensure_future(self.handle(msg, addr))

    def digest_ok(self, msg, method):
        a = header(msg, 'Authorization')
        if not a:
            return False
        v = dict(re.findall(r'(\w+)="?([^",]+)"?', a))
        h = lambda s: hashlib.md5(s.encode()).hexdigest()
        pw = 'pw' + v['username'][-4:]
        want = h(':'.join([h('%s:here:%s' % (v['username'], pw)), 'n0nce', v['nc'], v['cnonce'], 'auth', h('%s:%s' % (method, v['uri']))]))
        return v['nonce'] == 'n0nce' and v['response'] == want

    async def handle(self, msg, addr):
        cid = header(msg, 'Call-ID')
        if msg.startswith('SIP/2.0 '):
            code = int(msg[8:11])
            call = self.calls.get(cid[2:]) if cid.startswith('b-') else None
            if call and header(msg, 'CSeq').endswith('INVITE') and 200 <= code < 300:
                if not call.get('b_to'):
                    if self.mode == 'lost_ack' and not call.get('dropped'):
                        call['dropped'] = 1
                        return
                    call['b_to'] = header(msg, 'To')
                    call['b'].peer = ('127.0.0.1', int(re.search(r'm=audio (\d+)', msg).group(1)))
                    call['b_contact'] = re.search(r'<(.*?)>', header(msg, 'Contact')).group(1)
                self.b_request(call, 'ACK', 1)
            return
        method = msg.split()[0]
        if method == 'REGISTER':
            if not self.digest_ok(msg, 'REGISTER'):
                self.reply(msg, addr, 401, 'WWW-Authenticate: Digest realm="here", nonce="n0nce", qop="auth", algorithm=MD5\r\n')
            else:
                self.registered[re.search(r'sip:(\w+)@', header(msg, 'To')).group(1)] = 1
                self.reply(msg, addr, 200)
        elif method == 'INVITE':
            if self.mode == 'lost_invite' and cid not in self.seen:
                self.seen.add(cid)
                return
            if cid in self.calls:
                return
            if self.mode == 'reject':
                self.calls[cid] = {}
                self.reply(msg, addr, 503)
                return
            call = self.calls[cid] = {'id': cid, 'addr': addr, 'invite': msg}
            call['a'] = await self.rtp(False, ('127.0.0.1', int(re.search(r'm=audio (\d+)', msg).group(1))))
            call['ok'] = self.reply(msg, addr, 200, body=self.sdp(call['a'].port))
            if self.mode == 'repeat_200':
                await asyncio.sleep(0.3)
                self.t.sendto(call['ok'].encode(), addr)
        elif method == 'ACK':
            call = self.calls.get(cid)
            if not call or 'ok' not in call or call.get('b'):
                return
            call['b'] = await self.rtp(True)
            call['a'].other, call['b'].other = call['b'], call['a']
            call['agent'] = 'agent%04d' % (self.next % 4 + 1)
            self.next += 1
            if self.mode == 'hang_up_early':
                self.t.sendto(self.a_bye(call), call['addr'])
                return
            await asyncio.sleep(0.1)
            self.b_request(call, 'INVITE', 1, self.sdp(call['b'].port))
        elif method == 'BYE':
            self.reply(msg, addr, 481 if self.mode == 'bye_481' and not cid.startswith('b-') else 200)
            if cid.startswith('b-'):
                self.t.sendto(self.a_bye(self.calls[cid[2:]]), self.calls[cid[2:]]['addr'])
            elif cid in self.calls and self.calls[cid].get('b_to'):
                self.b_request(self.calls[cid], 'BYE', 2)

    def a_bye(self, call):
        m = call['invite']
        return ('BYE sip:hl@127.0.0.1:%d SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bKb%d\r\nFrom: %s;tag=srv\r\nTo: %s\r\n'
                'Call-ID: %s\r\nCSeq: 7 BYE\r\nContent-Length: 0\r\n\r\n' % (CALLER, SIP, id(call), header(m, 'To'), header(m, 'From'), call['id'])).encode()

    def b_request(self, call, method, cseq, body=''):
        to = call.get('b_to') or '<sip:%s@127.0.0.1:%d>' % (call['agent'], AGENT)
        uri = call.get('b_contact') or 'sip:%s@127.0.0.1:%d' % (call['agent'], AGENT)
        self.t.sendto(('%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK%s%s%d\r\nFrom: <sip:q@127.0.0.1>;tag=q\r\nTo: %s\r\n'
                       'Call-ID: b-%s\r\nCSeq: %d %s\r\nContact: <sip:srv@127.0.0.1:%d>\r\n%sContent-Length: %d\r\n\r\n%s' % (
                           method, uri, SIP, method, call['id'][:12].replace('@', ''), cseq, to, call['id'], cseq, method, SIP,
                           'Content-Type: application/sdp\r\n' if body else '', len(body), body)).encode(), ('127.0.0.1', AGENT))



OK = lambda r: r['outcomes'] == {'ok': 4} and not any(r['audio'].values()) and not r['media']['agent_to_caller']['frames_lost']
MODES = {
    'normal': ([], lambda r: OK(r) and r['media']['duplicates'] == 0 and r['ms']['queued_to_agent_invite']['p50'] > 99),
    'loss': ([], lambda r: r['outcomes'] == {'ok': 4} and 1.2 < r['media']['agent_to_caller']['loss_pct'] < 2.8),
    'duplicate': ([], lambda r: OK(r) and r['media']['duplicates'] > 100),
    'delay': ([], lambda r: OK(r) and 50 <= r['media']['delay_agent_to_caller_ms']['p50'] < 56),
    'reframe': ([], OK),
    'crosstalk': ([], lambda r: r['outcomes'] == {'ok': 4} and r['audio']['crosstalk'] == 4),
    'agent_deaf': ([], lambda r: r['outcomes'] == {'ok': 4} and r['audio'] == {'agent_deaf': 4, 'caller_deaf': 0, 'crosstalk': 0}),
    'caller_deaf': ([], lambda r: r['outcomes'] == {'no_agent_in_time': 4} and r['audio']['caller_deaf'] == 4),
    'media_stop': (['--media-timeout-ms', '500'], lambda r: r['caller_notes'].get('media_lost_while_talking') == 4 and r['outcomes'] == {'ok': 4}),
    'lost_invite': ([], lambda r: OK(r) and r['sip']['retransmitted'] >= 4 and r['ms']['invite_to_200']['min'] > 499),
    'lost_ack': ([], lambda r: OK(r) and r['sip']['retransmitted'] >= 4),
    'repeat_200': ([], lambda r: OK(r) and r['caller_notes'] == {'200_retransmitted': 4}),
    'reject': ([], lambda r: r['outcomes'] == {'rejected_503': 4}),
    'hang_up_early': ([], lambda r: r['outcomes'] == {'server_bye_before_bridge': 4}),
    'bye_481': ([], lambda r: r['outcomes'] == {'bye_481': 4}),
    'agent_hangs_up': (['--hangup', 'agent'], OK),
    'register': (['--register'], lambda r: OK(r) and r['agents']['registered'] == 4),
}


async def run(mode):
    loop = asyncio.get_running_loop()
    t, server = await loop.create_datagram_endpoint(lambda: Server(mode), ('127.0.0.1', SIP))
    args, check = MODES[mode]
    p = await asyncio.create_subprocess_exec(
        os.environ.get('HOTLINE_LOAD', HERE + '/hotline_load'), '--server', '127.0.0.1:%d' % SIP, '--caller-port', str(CALLER), '--agent-port', str(AGENT), '--rtp-base', str(RTP),
        '--calls', '4', '--rate', '20', '--agents', '4', '--talk-ms', '2000', '--dtmf', '', '--max-wait-ms', '4000', *args,
        stdout=asyncio.subprocess.PIPE)
    out, _ = await p.communicate()
    t.close()
    await asyncio.sleep(0.05)
    r = json.loads(out)
    good = check(r)
    if mode == 'register' and len(server.registered) != 4:
        good = False
    print('%-16s %s' % (mode, 'ok' if good else 'FAILED ' + json.dumps({k: r[k] for k in ('outcomes', 'caller_notes', 'agent_notes', 'audio', 'sip')})
                        + json.dumps(r['media'])), flush=True)
    return good


async def main():
    results = [await run(m) for m in (sys.argv[1:] or MODES)]
    return 0 if all(results) else 1


sys.exit(asyncio.run(main()))
