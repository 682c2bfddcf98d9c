"""Faults on request, for the gateway and the S3 proxy.

A rule is a JSON object. Which requests it is for:
  match        a regular expression searched in the operation ("ReceiveMessage", "PUT /bucket/key?partNumber=1"); default: all
  token        the session token that the request carries
  count        how many times it applies; default: once, or without end when there is a probability
  skip         how many matching requests pass first
  probability  0..1, decided by a generator of the rule's own that starts from seed (default 0)
What happens then:
  kind         one of KINDS, or a list of them of which one is taken by chance; or, spelt out:
  status, code, message, headers     an answer with this HTTP status and error code
  delay        seconds to wait before anything else
  drop         "before": the connection is reset and the server never sees the request; "after": it sees it, its answer is lost
  half         "request": the connection is reset in the middle of the request's body; "response": it is closed in the middle of the
               answer's body; "torn": it is reset there
  slow         bytes a second at which the answer's body comes
"""
import random
import re
import threading

KINDS = {
    '500': {'status': 500, 'code': 'InternalError', 'message': 'We encountered an internal error. Please try again.'},
    '503': {'status': 503, 'code': 'ServiceUnavailable', 'message': 'Service is unable to handle request.'},
    'slowdown': {'status': 503, 'code': 'SlowDown', 'message': 'Please reduce your request rate.'},
    'throttle': {'status': 400, 'code': 'ThrottlingException', 'message': 'Rate exceeded'},
    'expired': {'status': 400, 'code': 'ExpiredToken', 'message': 'The provided token has expired.'},
    'reset': {'drop': 'before'},
    'lost': {'drop': 'after'},
    'half-request': {'half': 'request'},
    'half-response': {'half': 'response'},
    'torn-response': {'half': 'torn'},
    'slow': {'delay': 0.3},
}
WHEN = {'match', 'token', 'count', 'skip', 'probability', 'seed', 'kind'}
THEN = {'status', 'code', 'message', 'headers', 'delay', 'drop', 'half', 'slow'}


class Faults:
    def __init__(self):
        self.lock = threading.Lock()
        self.rules = []

    def set(self, rules):
        """Takes the place of all rules. A rule that cannot be understood is an error and changes nothing."""
        made = []
        for rule in rules:
            unknown = set(rule) - WHEN - THEN
            if unknown:
                raise ValueError('unknown fields: ' + ', '.join(sorted(unknown)))
            kinds = rule.get('kind', [])
            kinds = kinds if isinstance(kinds, list) else [kinds]
            for kind in kinds:
                if kind not in KINDS:
                    raise ValueError('unknown kind: %s' % kind)
            made.append({'rule': dict(rule), 'kinds': kinds, 'pattern': re.compile(rule.get('match', '')),
                         'left': rule.get('count', None if 'probability' in rule else 1), 'skip': rule.get('skip', 0),
                         'random': random.Random(rule.get('seed', 0)), 'hits': 0})
        with self.lock:
            self.rules = made

    def pick(self, operation, token=None):
        """What is to happen to this request: a dictionary of the fields above, or None."""
        with self.lock:
            for each in self.rules:
                if each['left'] == 0 or not each['pattern'].search(operation):
                    continue
                if each['rule'].get('token', token) != token:
                    continue
                if each['skip'] > 0:
                    each['skip'] -= 1
                    continue
                if each['random'].random() >= each['rule'].get('probability', 1):
                    continue
                if each['left'] is not None:
                    each['left'] -= 1
                each['hits'] += 1
                fault = dict(KINDS[each['random'].choice(each['kinds'])]) if each['kinds'] else {}
                fault.update({k: v for k, v in each['rule'].items() if k in THEN})
                return fault
        return None

    def report(self):
        with self.lock:
            return [dict(each['rule'], hits=each['hits'], left=each['left']) for each in self.rules]
