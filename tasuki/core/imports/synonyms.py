"""Our own words for what other people call the columns that fill our fields, and the values that stand in them: English, Korean, Japanese."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_FIELDS = {
    "reference": "id|record id|no|number|code|key|external id|unique id|번호|아이디|고유번호|관리번호|番号|管理番号|識別子",
    "opened_at": "created|created at|created time|created date|create date|created on|date created|creation date|open date|first contact date|inquiry date|engage date|start date|received|등록일|생성일|접수일|문의일|유입일|작성일|등록일시|作成日|登録日|受付日|問い合わせ日|発生日|作成日時|登録日時",
    "closed_at": "closed|closed at|closed date|close date|closing date|close time|종료일|마감일|계약일|종결일|완료일|クローズ日|完了日|終了日|成約日",
    "won_at": "won at|won date|won time|order date|contract date|수주일|계약 체결일|受注日|契約日|成約日",
    "lost_at": "lost at|lost date|lost time|실주일|失注日",
    "lost_because": "lost reason|loss reason|closed lost reason|reason lost|reason for loss|실주 사유|실패 사유|失注理由|失注要因",
    "close_on": "expected close date|expected close|est close date|estimated close date|forecast date|예상 마감일|예상 수주일|예정일|完了予定日|受注予定日|クローズ予定日",
    "source": "source|lead source|original source|origin|channel|referrer|유입 경로|유입경로|출처|리드 소스|경로|流入元|流入経路|リードソース|獲得経路|媒体",
    "source_detail": "source detail|landing page|landing page id|campaign|campaign name|utm campaign|상세 경로|캠페인|流入詳細|キャンペーン",
    "segment": "segment|business segment|customer type|type|account type|세그먼트|고객 구분|고객 유형|セグメント|顧客区分|顧客種別",
    "origin": "inbound or outbound|inbound outbound|인바운드 아웃바운드|インバウンド",
    "stage": "stage|deal stage|opportunity stage|sales stage|pipeline stage|status|lead status|lifecycle stage|phase|단계|영업 단계|진행 단계|상태|진행 상태|ステージ|商談ステージ|フェーズ|ステータス|状態|段階",
    "outcome": "outcome|result|won lost|deal status|결과|수주 여부|수주여부|結果|受注失注",
    "owner": "owner|lead owner|account owner|contact owner|opportunity owner|potential owner|deal owner|company owner|owner name|sales agent|sales rep|sales person|salesperson|assigned to|rep|담당자|담당|영업 담당자|담당 영업|소유자|担当者|担当|営業担当|所有者",
    "team": "team|owner team|department|sales team|팀|부서|담당 부서|チーム|部署|担当部署",
    "product": "product|product name|item|service|제품|제품명|상품|상품명|품목|製品|製品名|商品|商品名|サービス",
    "account": "account|account name|company|company name|company account|organization|organisation|customer|client|associated company|potential customer|primary company|회사|회사명|고객사|고객사명|거래처|거래처명|업체명|기업명|소속|会社|会社名|企業名|取引先|取引先名|顧客名|法人名|社名|所属",
    "full_name": "name|full name|contact name|lead name|person|contact|customer name|성명|이름|고객명|담당자명|연락처명|氏名|名前|お名前|担当者名|顧客担当者",
    "family_name": "last name|lastname|surname|family name|성|姓|苗字|名字",
    "given_name": "first name|firstname|given name|forename|명|名",
    "title": "title|job title|position|role|직책|직함|직급|직위|役職|肩書|肩書き|職位",
    "email": "email|e mail|mail|email address|mail address|e mail address|work email|이메일|메일|메일 주소|이메일 주소|전자우편|メール|メールアドレス|電子メール|eメール",
    "phone": "phone|telephone|tel|phone number|main phone|work phone|전화|전화번호|연락처|電話|電話番号|tel番号",
    "other_email": "secondary email|second email|other email|email 2|e mail 2|alternate email|additional email|private email|personal email|보조 이메일|이메일 2|메일 2|기타 이메일|개인 이메일|サブメール|予備メール|その他のメール|メール2|メールアドレス2",
    "other_phone": "mobile|cell|mobile phone|mobile number|cell phone|other phone|second phone|secondary phone|phone 2|direct phone|휴대폰|휴대전화|휴대폰 번호|핸드폰|기타 전화|전화 2|전화번호 2|携帯|携帯電話|携帯番号|その他の電話|電話2|電話番号2",
    "name": "name",
    "domain": "domain|website|web site|url|homepage|company domain name|web|도메인|홈페이지|웹사이트|ドメイン|ホームページ|ウェブサイト|webサイト|サイト",
    "industry": "industry|sector|vertical|line of business|업종|산업|업태|산업군|業種|業界|産業",
    "n_employees": "employees|number of employees|no of employees|employee count|headcount|company size|직원수|직원 수|임직원수|종업원수|사원수|従業員数|社員数|従業員",
    "country": "country|country region|billing country|mailing country|nation|office location|headquarters|국가|나라|소재국|国|国名|所在国",
    "corporate_number": "corporate number|business number|business registration number|company registration number|registration number|tax id|vat id|사업자번호|사업자등록번호|사업자 등록번호|법인번호|법인등록번호|法人番号|会社法人等番号",
    "postal_address": "postal address|mailing address|business address|address|우편 주소|회사 주소|주소|郵送先|郵送先住所|会社住所|住所",
    "parent": "parent|parent account|parent company|subsidiary of|holding|모회사|상위 거래처|본사|親会社|親取引先|本社",
    "code": "code|sku|product code|item code|part number|제품 코드|상품 코드|품목코드|품번|製品コード|商品コード|品番|型番",
    "line": "line|product line|series|category|product category|family|product family|제품군|카테고리|분류|상품군|製品群|カテゴリ|カテゴリー|シリーズ|分類",
    "price": "price|list price|unit price|sales price|standard price|가격|단가|정가|판매가|価格|単価|定価|販売価格",
    "amount": "amount|value|deal value|deal amount|close value|est revenue|estimated revenue|revenue|total|grand total|금액|계약 금액|수주 금액|예상 금액|매출|金額|受注金額|商談金額|見込金額|契約金額|売上",
    "currency": "currency|currency code|통화|화폐|通貨",
    "lead": "lead|lead id|leadid|lead reference|mql id|리드|리드 번호|리드 id|リード|リード番号|リードid",
}  # fmt: skip
# What a plain “name” or “id” is, and which other words a noun has for its own.
_OF_NOUN = {
    "accounts": {"name": _FIELDS["account"], "reference": "account id|accountid|company id|record id|거래처 번호|고객사 번호|取引先id|取引先コード|取引先番号"},
    "contacts": {
        "account": "account id|company id|거래처 번호|取引先id",
        "reference": "contact id|contactid|person id|연락처 id|연락처 번호|取引先責任者id|連絡先id|連絡先番号",
    },
    "products": {"name": "product|product name|item|item name|제품|제품명|상품|상품명|품목|품명|製品|製品名|商品|商品名|品名", "line": "type"},
    "opportunities": {
        "name": "opportunity|opportunity name|potential name|deal|deal name|deal title|topic|title|subject|영업기회|영업 기회|영업기회명|영업 기회명|기회명|딜명|건명|案件|案件名|商談|商談名|件名",
        "reference": "opportunity id|deal id|potential id|record id|영업기회 번호|영업 기회 번호|딜 id|商談id|案件番号|案件id|商談番号",
        "account": "account id|company id|거래처 번호|取引先id",
    },
    "leads": {"reference": "lead id|leadid|mql id|리드 번호|리드 id|リードid|リード番号"},
}  # fmt: skip
_VALUES = {
    ("opportunities", "stage"): {
        "p1": "prospect|prospecting|qualification|qualified|appointment|appointment scheduled|appointmentscheduled|meeting|first meeting|qualify|new|미팅|첫 미팅|상담|발굴|アポ|初回訪問|ヒアリング|アプローチ",
        "p2": "needs analysis|discovery|engaging|engaged|initial offer|value proposition|id decision makers|perception analysis|presentation|presentation scheduled|demo|demo scheduled|develop|요구 분석|니즈 분석|데모|시연|課題把握|ニーズ確認|デモ",
        "p3": "proposal|proposal price quote|proposal made|quote|negotiation|negotiation review|negotiations started|propose|decision maker bought in|closed lost|lost|제안|견적|협상|提案|見積|交渉|失注",
        "p4": "contract|contract sent|verbal|closing|commit|close|closed won|won|계약|계약 진행|수주|契約|内示|受注|稟議",
    },
    ("opportunities", "outcome"): {
        "won": "won|closed won|success|order|수주|성공|계약 완료|受注|成約",
        "lost": "lost|closed lost|closed lost to competition|dead|실주|실패|失注|敗退",
        "open": "open|prospect|prospecting|qualification|needs analysis|engaging|initial offer|proposal|proposal price quote|negotiation|negotiation review|value proposition|discovery|in progress|appointment scheduled|presentation scheduled|contract sent|진행|진행 중|進行中|商談中",
    },
    ("opportunities", "lost_because"): {
        "competitor": "competitor|price|lost to competitor|competition|경쟁사|가격|競合|価格",
        "no_decision": "no decision|no budget|no response|budget|예산 없음|무응답|予算なし|決裁なし|返答なし",
        "too_early": "too early|next year|timing|not now|시기상조|시기|時期尚早|来期",
    },
    ("leads", "stage"): {
        "captured": "new|open|not contacted|open not contacted|subscriber|lead|신규|미접촉|新規|未対応",
        "nurturing": "nurturing|nurture|contact in future|recycled|marketing nurture|육성|나중에 연락|育成|ナーチャリング|今後連絡",
        "ready": "qualified|pre qualified|prequalified|marketing qualified lead|mql|적격|검증됨|有望|mql",
        "working": "working|attempted to contact|in progress|working contacted|attempting|진행 중|연락 시도|対応中|架電中",
        "connected": "contacted|connected|reached|연락됨|접촉|接触済み|連絡済み|通電",
        "booked": "booked|meeting booked|meeting scheduled|appointment|미팅 예약|미팅 확정|アポ獲得|商談設定",
    },
}  # fmt: skip
# What industries are usually called: a word that is nearly one of these may be a slip of the pen.
INDUSTRIES = (
    "technology|software|hardware|telecommunications|finance|banking|insurance|securities|medical|healthcare|pharmaceuticals|biotechnology|retail|wholesale|"
    "e-commerce|manufacturing|automotive|construction|real estate|energy|utilities|chemicals|agriculture|food|hospitality|travel|transportation|logistics|"
    "education|government|non-profit|media|entertainment|advertising|marketing|consulting|legal|services|employment|aerospace|defense|electronics|textiles"
).split("|")


def folded(words: str) -> str:
    """A name without case, width, signs and camels: LeadSource, lead_source and “Lead Source” are one."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", words))
    return " ".join(re.sub(r"[^\w]+|_+", " ", apart.casefold()).split())


def squeezed(words: str) -> str:
    return folded(words).replace(" ", "")


@cache
def of_field(noun: str, name: str) -> dict[str, float]:
    """What a column may be called that fills this field → how much that says; squeezed. Words of the noun itself say most."""
    usual = {squeezed(word): 0.9 for word in _FIELDS.get(name, "").split("|") if word}
    own = {squeezed(word): 1.0 for word in _OF_NOUN.get(noun, {}).get(name, "").split("|") if word}
    if name == "account":
        # The number of an account is as good as its name only where the accounts came in with their numbers.
        own = dict.fromkeys(own, 0.5)
    if name == "phone":
        # A column of mobile numbers beside another one is the second of the two.
        usual |= dict.fromkeys(of_field(noun, "other_phone"), 0.6)
    return usual | own | {squeezed(name): 1.0}


@cache
def _names() -> frozenset[str]:
    words = [*_FIELDS.values(), *(one for own in _OF_NOUN.values() for one in own.values())]
    return frozenset(squeezed(name) for said in words for name in said.split("|")) | {squeezed(name) for name in _FIELDS}


def is_name(words: str) -> bool:
    """Whether columns of some noun are called so."""
    return squeezed(words) in _names()


@cache
def of_value(noun: str, name: str) -> dict[str, str]:
    """What a value may be called → the value of ours that it means; folded."""
    return {squeezed(word): value for value, words in _VALUES.get((noun, name), {}).items() for word in words.split("|")}
